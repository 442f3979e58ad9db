using System.Globalization;

namespace Posthaste.Management;

/// <summary>The process's files and sockets, where the system tells of them: on Linux.</summary>
internal static class ProcessFiles
{
    private const string Descriptors = "/proc/self/fd";
    private const string Limits = "/proc/self/limits";
    private const string LimitLine = "Max open files";

    /// <summary>How many are open; null if nobody knows.</summary>
    public static long? OpenCount => Directory.Exists(Descriptors)
        ? Directory.EnumerateFileSystemEntries(Descriptors).LongCount()
        : null;

    /// <summary>How many may be open; null if nobody knows, or any number may.</summary>
    public static long? Max
    {
        get
        {
            if (!File.Exists(Limits)) return null;
            var line = File.ReadLines(Limits)
                .FirstOrDefault(static line => line.StartsWith(LimitLine, StringComparison.Ordinal));
            var soft = line?[LimitLine.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(soft, CultureInfo.InvariantCulture, out var max) ? max : null;
        }
    }
}
