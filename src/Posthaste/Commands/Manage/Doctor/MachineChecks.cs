using System.Diagnostics;
using System.Globalization;

namespace Posthaste.Commands.Manage.Doctor;

/// <summary>Checks of the machine on which the doctor runs: limits, disk and what its sync costs.</summary>
internal static class MachineChecks
{
    /// <summary>Each connection is a descriptor; a busy broker has thousands, and files beside.</summary>
    private const long FilesMin = 16_384;

    /// <summary>Below that the broker itself holds publishers.</summary>
    private const long DiskFreeBytesMin = 1L << 30;

    /// <summary>A sync that takes longer holds up every confirm; disks made for servers need far less.</summary>
    private const double SyncMsGood = 10;

    /// <summary>Files may have been copied from a machine elsewhere, with its time.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromDays(1);

    private const int SyncCount = 20;
    private const int SyncBytes = 4_096;

    private const string FilesLine = "Max open files";

    /// <summary>File systems that forget with the power, or sync over a network.</summary>
    private static readonly string[] FileSystemsToDoubt = ["tmpfs", "ramfs", "nfs", "nfs4", "cifs", "overlay", "fuse"];

    /// <summary>All checks; those of the disk only where a data directory is named.</summary>
    public static IEnumerable<Finding> Run(string? dataDirectory)
    {
        if (OperatingSystem.IsLinux()) yield return Files(File.ReadLines("/proc/self/limits"));
        yield return Memory(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        yield return Clock(
            TimeProvider.System.GetUtcNow(), File.GetLastWriteTimeUtc(typeof(MachineChecks).Assembly.Location),
            KernelClock.IsSynchronized);
        if (dataDirectory is null) yield break;
        if (!Directory.Exists(dataDirectory))
        {
            yield return new Finding("data", Verdict.Bad, $"{dataDirectory} does not exist",
                "name the directory that serve --data names");
            yield break;
        }

        var drive = new DriveInfo(Path.GetFullPath(dataDirectory));
        yield return Finding.DoubtfulIf(
            FileSystemsToDoubt.Contains(drive.DriveFormat), "file system", drive.DriveFormat,
            "keep the data on a local disk: a confirm means what the file system's sync means");
        yield return Finding.BadIf(
            drive.AvailableFreeSpace < DiskFreeBytesMin, "disk", $"{drive.AvailableFreeSpace / 1e9:#,0.0} GB free",
            "make room: publishers are held when it runs out");
        yield return Sync(dataDirectory);
    }

    internal static Finding Files(IEnumerable<string> limits)
    {
        var line = limits.First(static line => line.StartsWith(FilesLine, StringComparison.Ordinal));
        var soft = line[FilesLine.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        var isTooFew = long.TryParse(soft, CultureInfo.InvariantCulture, out var files) && files < FilesMin;
        return Finding.DoubtfulIf(isTooFew, "open files", $"{soft} at most",
            $"raise the limit to {FilesMin} or more (ulimit -n, LimitNOFILE= of the unit): each connection is one");
    }

    internal static Finding Memory(long availableBytes) => Finding.DoubtfulIf(
        availableBytes < 512L << 20, "memory", $"{availableBytes / 1e9:0.0} GB for this process",
        "give the broker half a gigabyte or more: caches and backlogs in memory are sized by it");

    /// <summary>
    /// A clock that is off by minutes shows by nothing on the machine itself. So: whether something keeps it right, and
    /// whether it says a time before this program was made.
    /// </summary>
    internal static Finding Clock(DateTimeOffset now, DateTime madeAtUtc, bool? isSynchronized)
    {
        const string Advice = "let it follow a time server (chrony, systemd-timesyncd): time to live, delays, tokens, "
            + "certificates and the audit log go by it";
        if (now.UtcDateTime < madeAtUtc - ClockSlack)
        {
            return new Finding("time", Verdict.Bad, FormattableString.Invariant(
                $"it says {now:u}, which is before this program was made"), Advice);
        }

        return Finding.DoubtfulIf(isSynchronized == false, "time",
            isSynchronized switch
            {
                true => "the clock is kept right",
                false => "nothing keeps the clock right, as far as the kernel knows",
                null => "the clock says a time that may be",
            }, Advice);
    }

    /// <summary>How long a small write takes to be on the disk, in a file that is gone afterwards.</summary>
    private static Finding Sync(string directory)
    {
        var path = Path.Combine(directory, $"doctor-{Guid.NewGuid():N}.tmp");
        var times = new double[SyncCount];
        try
        {
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 0,
                Options = FileOptions.DeleteOnClose,
            });
            var block = new byte[SyncBytes];
            for (var i = 0; i < SyncCount; i++)
            {
                var started = Stopwatch.GetTimestamp();
                file.Write(block);
                file.Flush(flushToDisk: true);
                times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Finding("sync", Verdict.Bad, e.Message, "let the broker's user write into its data directory");
        }

        Array.Sort(times);
        return Finding.DoubtfulIf(
            times[SyncCount / 2] > SyncMsGood, "sync",
            FormattableString.Invariant($"{times[SyncCount / 2]:0.00} ms (median), {times[^1]:0.00} ms (longest)"),
            "a faster disk confirms sooner; publishers with more confirms outstanding hide it");
    }
}
