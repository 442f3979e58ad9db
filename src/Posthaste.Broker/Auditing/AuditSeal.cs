using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Posthaste.Broker.Auditing;

/// <summary>
/// What makes changes to an audit file show: each line ends with a hash over it and the seal of the line before, so a
/// line that was changed, removed or put in does not fit any more, nor does anything behind it.
/// <code>
///   {"at":"…","id":3001,"event":"LoginSucceeded", … ,"seal":"64 digits"}\n
///   └──────────────── content ────────────────────┘
///   seal = SHA-256( seal before ‖ everything in the file behind that line ‖ content )    HMAC-SHA-256 with a key
/// </code>
/// "Everything behind that line" is the content alone, unless a crash has left a part of a line: that is sealed, too.
/// Who can write to the file can make all seals anew, unless there is a key, or one of them is known elsewhere.
/// </summary>
internal sealed class AuditSeal(byte[]? key) : IDisposable
{
    /// <summary>Bytes of a seal.</summary>
    public const int Bytes = SHA256.HashSizeInBytes;

    /// <summary>Bytes of a key at least: as many as of the hash, so that guessing it is as hard as anything.</summary>
    public const int KeyBytesMin = Bytes;

    private const int DigitCount = 2 * Bytes;

    private readonly IncrementalHash _hash = key is null
        ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256)
        : IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);

    /// <summary>Before the first line that ever was.</summary>
    public static byte[] None => new byte[Bytes];

    private static ReadOnlySpan<byte> Start => ",\"seal\":\""u8;

    private static ReadOnlySpan<byte> End => "\"}"u8;

    /// <param name="before">The seal of the line before.</param>
    /// <param name="between">What stands between that line and this one; nothing as a rule.</param>
    /// <param name="content">The line up to its seal.</param>
    public byte[] Compute(ReadOnlySpan<byte> before, ReadOnlySpan<byte> between, ReadOnlySpan<byte> content)
    {
        _hash.AppendData(before);
        _hash.AppendData(between);
        _hash.AppendData(content);
        return _hash.GetHashAndReset();
    }

    /// <summary>Writes the end of a line.</summary>
    public static void Write(IBufferWriter<byte> to, ReadOnlySpan<byte> seal)
    {
        to.Write(Start);
        to.Write(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(seal)));
        to.Write(End);
        to.Write("\n"u8);
    }

    /// <summary>Takes a line (without its end) apart.</summary>
    /// <returns>False when it has no seal.</returns>
    public static bool TrySplit(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> content, out byte[] seal)
    {
        content = default;
        seal = [];
        var at = line.Length - Start.Length - DigitCount - End.Length;
        if (at < 0 || !line[at..].StartsWith(Start) || !line.EndsWith(End)) return false;
        content = line[..at];
        return TryParse(Encoding.ASCII.GetString(line.Slice(at + Start.Length, DigitCount)), out seal);
    }

    /// <summary>Reads the digits of a seal.</summary>
    public static bool TryParse(string digits, out byte[] seal)
    {
        seal = new byte[Bytes];
        return digits.Length == DigitCount
            && Convert.FromHexString(digits, seal, out _, out _) == OperationStatus.Done;
    }

    public void Dispose() => _hash.Dispose();
}
