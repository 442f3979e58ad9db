using System.Buffers;
using System.Security.Cryptography;

namespace Posthaste.Storage.Encryption;

/// <summary>A directory's key as it is kept, and its line of text.</summary>
/// <remarks>
/// <code>
/// posthaste data key, format 1, nonce 24 digits, key 192 digits, tag 32 digits
/// </code>
/// Digits are hexadecimal.
/// </remarks>
internal sealed record WrappedKey(byte[] Nonce, byte[] Encrypted, byte[] Tag)
{
    private const string Start = "posthaste data key, format 1, nonce ";
    private const string BeforeKey = ", key ";
    private const string BeforeTag = ", tag ";

    public static WrappedKey Empty() => new(
        new byte[AesGcm.NonceByteSizes.MaxSize], new byte[XtsCipher.KeyBytes], new byte[AesGcm.TagByteSizes.MaxSize]);

    /// <summary>Reads a line; null when it is none.</summary>
    public static WrappedKey? TryParse(string line)
    {
        var read = Empty();
        return Take(ref line, Start, read.Nonce) && Take(ref line, BeforeKey, read.Encrypted)
            && Take(ref line, BeforeTag, read.Tag) && line.Length == 0 ? read : null;
    }

    public override string ToString() =>
        Start + Convert.ToHexStringLower(Nonce) + BeforeKey + Convert.ToHexStringLower(Encrypted)
        + BeforeTag + Convert.ToHexStringLower(Tag);

    private static bool Take(ref string line, string before, byte[] into)
    {
        var end = before.Length + (2 * into.Length);
        if (line.Length < end || !line.StartsWith(before, StringComparison.Ordinal)
            || Convert.FromHexString(line.AsSpan(before.Length, 2 * into.Length), into, out _, out _)
                != OperationStatus.Done)
        {
            return false;
        }
        line = line[end..];
        return true;
    }
}
