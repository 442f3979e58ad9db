using System.Security.Cryptography;

namespace Posthaste.Broker.Auditing;

/// <summary>Whether files of the audit log are what was written.</summary>
/// <param name="LineCount">Lines that fit, in all files.</param>
/// <param name="LastSeal">Digits of the seal of the last of them: kept elsewhere, it proves all before it.</param>
/// <param name="Fault">The first place that does not fit; null when all does.</param>
/// <param name="IsUnfinished">
/// The last file ends in a part of a line: a crash, or a broker that is writing. The next start says so.
/// </param>
public sealed record AuditVerification(long LineCount, string LastSeal, AuditFault? Fault, bool IsUnfinished)
{
    /// <summary>Files that were kept before this one, oldest first, and itself.</summary>
    public static IReadOnlyList<string> WithKept(string file)
    {
        var files = new List<string> { file };
        for (var number = 1; File.Exists($"{file}.{number}"); number++) files.Insert(0, $"{file}.{number}");
        return files;
    }

    /// <summary>Reads a key.</summary>
    /// <exception cref="ArgumentException">It can't be read, or is too short.</exception>
    public static byte[] ReadKey(string file)
    {
        try
        {
            var key = File.ReadAllBytes(file);
            return key.Length >= AuditSeal.KeyBytesMin
                ? key
                : throw new ArgumentException(
                    $"The key of the audit log has {key.Length} bytes, but it has to have {AuditSeal.KeyBytesMin}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"The key of the audit log can't be read: {e.Message}", e);
        }
    }

    /// <summary>Checks files that follow each other.</summary>
    /// <param name="files">The oldest first.</param>
    /// <param name="key">The key that they were sealed with; null for none.</param>
    /// <param name="known">Digits of a seal that has to be among theirs; null for none.</param>
    /// <exception cref="IOException">One can't be read.</exception>
    public static AuditVerification Of(IReadOnlyList<string> files, byte[]? key, string? known = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        using var seals = new AuditSeal(key);
        var lineCount = 0L;
        byte[]? last = null;
        var isUnfinished = false;
        var isKnown = known is null;
        foreach (var file in files)
        {
            var chain = AuditChain.Read(file, seals, seal => isKnown |= Digits(seal) == known);
            lineCount += chain.LineCount;
            var fault = chain.Fault is { } found ? new AuditFault(file, found.Line, found.What)
                : isUnfinished ? new AuditFault(file, 1, "the file before ends in a part of a line")
                : last is not null && !CryptographicOperations.FixedTimeEquals(last, chain.Before)
                    ? new AuditFault(file, 1, "it does not follow the file before: lines or a file are missing")
                    : null;
            if (fault is not null) return new AuditVerification(lineCount, Digits(chain.Last), fault, false);
            last = chain.Last;
            isUnfinished = chain.Torn.Length > 0;
        }

        var end = Digits(last ?? AuditSeal.None);
        return new AuditVerification(
            lineCount, end,
            isKnown ? null : new AuditFault(files[^1], lineCount, $"no line has the seal {known}: what had it is gone"),
            isUnfinished);
    }

    private static string Digits(byte[] seal) => Convert.ToHexStringLower(seal);
}

/// <summary>A place where the audit log is not what was written.</summary>
/// <param name="File">In which file.</param>
/// <param name="Line">Which line, from 1.</param>
/// <param name="What">What is wrong there.</param>
public sealed record AuditFault(string File, long Line, string What);
