using System.Runtime.InteropServices;

namespace Posthaste.Bench.Reports;

/// <summary>What the figures depend on besides the brokers.</summary>
/// <param name="Processor">The CPU's name.</param>
/// <param name="Cores">Logical processors, shared by broker and load.</param>
/// <param name="System">Kernel.</param>
/// <param name="Runtime">The .NET runtime of the load (and of Posthaste).</param>
/// <param name="FileSystem">Type of the file system that holds the brokers' data: a sync means nothing on
/// tmpfs.</param>
internal sealed record Machine(string Processor, int Cores, string System, string Runtime, string FileSystem)
{
    public bool SyncsMeanNothing => FileSystem is "tmpfs" or "ramfs";

    public static Machine Describe(string workDirectory) => new(
        ProcessorName(),
        Environment.ProcessorCount,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        FileSystemOf(Path.GetFullPath(workDirectory)));

    public override string ToString() =>
        $"{Processor}, {Cores} logical processors shared by broker and load; {System}; {Runtime}; data on {FileSystem}";

    private static string ProcessorName()
    {
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(
            line => line.StartsWith("model name", StringComparison.Ordinal));
        return line?[(line.IndexOf(':') + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    // /proc/mounts: device, mount point, type, …; the longest mount point that contains the path holds it.
    private static string FileSystemOf(string path) => (
        from line in File.ReadLines("/proc/mounts")
        let fields = line.Split(' ')
        let mount = fields[1].TrimEnd('/')
        where path == mount || path.StartsWith(mount + "/", StringComparison.Ordinal)
        orderby mount.Length descending
        select fields[2]).First();
}
