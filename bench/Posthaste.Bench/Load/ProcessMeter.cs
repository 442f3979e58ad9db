using System.Globalization;

namespace Posthaste.Bench.Load;

/// <summary>Reads what the kernel says about one process.</summary>
internal static class ProcessMeter
{
    // USER_HZ, the unit of utime and stime, is 100 on every Linux port that .NET supports.
    private const double TicksPerSecond = 100;

    /// <summary>User and system CPU time of the whole process in seconds, in steps of 10 ms.</summary>
    public static double CpuSeconds(int processId)
    {
        // The command name (field 2) may hold spaces; the fields behind its parenthesis may not.
        string stat = File.ReadAllText($"/proc/{processId}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11]) + long.Parse(fields[12])) / TicksPerSecond;
    }

    /// <summary>Resident memory now, in bytes.</summary>
    public static long ResidentBytes(int processId) => Field($"/proc/{processId}/status", "VmRSS:");

    /// <summary>The most memory that was resident, in bytes.</summary>
    public static long PeakResidentBytes(int processId) => Field($"/proc/{processId}/status", "VmHWM:");

    /// <summary>
    /// Memory that only this process holds (without shared libraries and the page cache of mapped files), in bytes.
    /// </summary>
    public static long PrivateBytes(int processId)
    {
        string path = $"/proc/{processId}/smaps_rollup";
        return Field(path, "Private_Dirty:") + Field(path, "Private_Clean:");
    }

    private static long Field(string path, string name)
    {
        foreach (string line in File.ReadLines(path))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                // "VmRSS:\t  132404 kB"; smaps_rollup pads with spaces instead.
                string number = line[name.Length..].Trim().Split(' ')[0];
                return long.Parse(number, CultureInfo.InvariantCulture) * 1024;
            }
        }

        throw new InvalidOperationException($"{path} has no {name}");
    }
}
