using System.Buffers;
using System.Buffers.Text;
using System.Text.Unicode;

namespace Posthaste.Broker.Formats;

/// <summary>
/// Bytes of any kind where a protocol has only text: correlation data above all, so that a requester with binary ones
/// (MQTT 5) gets back what it sent through a responder with text (AMQP 0-9-1, STOMP). Text without control characters
/// stays as it is; everything else becomes `base64:` and the bytes in base64url without padding.
/// </summary>
/// <remarks>
/// A bijection: data that is text but could be taken for encoded data is encoded itself, and a text counts as encoded
/// only if its data had to be. So both a requester's bytes and a requester's text come back as they were, whoever
/// answers.
/// </remarks>
public static class BinaryText
{
    private const int StackBytesMax = 512;

    private static ReadOnlySpan<byte> Prefix => "base64:"u8;

    /// <summary>Bytes of the text.</summary>
    public static int GetBytes(ReadOnlySpan<byte> data) =>
        MustEncode(data) ? Prefix.Length + Base64Url.GetEncodedLength(data.Length) : data.Length;

    /// <summary>Writes the text and returns <see cref="GetBytes"/>.</summary>
    public static int Write(ReadOnlySpan<byte> data, Span<byte> target)
    {
        if (!MustEncode(data))
        {
            data.CopyTo(target);
            return data.Length;
        }

        Prefix.CopyTo(target);
        return Prefix.Length + Base64Url.EncodeToUtf8(data, target[Prefix.Length..]);
    }

    /// <summary>
    /// Reads the data of a text into <paramref name="target"/>, which has room for as many bytes as the text, and
    /// returns how many there are.
    /// </summary>
    public static int Read(ReadOnlySpan<byte> text, Span<byte> target)
    {
        if (TryDecode(text, target, out var count))
            return count;
        text.CopyTo(target);
        return text.Length;
    }

    private static bool MustEncode(ReadOnlySpan<byte> data)
    {
        if (!IsText(data))
            return true;
        if (!data.StartsWith(Prefix))
            return false;
        var rented = data.Length > StackBytesMax ? ArrayPool<byte>.Shared.Rent(data.Length) : null;
        try
        {
            return TryDecode(data, rented ?? stackalloc byte[StackBytesMax], out _);
        }
        finally
        {
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // What is the text of data that had to be encoded, in the one way in which it is encoded.
    private static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> target, out int count)
    {
        count = 0;
        if (!text.StartsWith(Prefix))
            return false;
        var encoded = text[Prefix.Length..];
        var status = Base64Url.DecodeFromUtf8(encoded, target, out var consumed, out count);
        if (status != OperationStatus.Done || consumed != encoded.Length || !IsCanonical(encoded, count))
        {
            return false;
        }

        return MustEncode(target[..count]);
    }

    /// <summary>No padding, no white space, no bits behind the last byte.</summary>
    private static bool IsCanonical(ReadOnlySpan<byte> encoded, int count)
    {
        if (encoded.Length != Base64Url.GetEncodedLength(count))
            return false;
        var unusedBits = encoded.Length * 6 - count * 8;
        return unusedBits == 0 || (Digit(encoded[^1]) & ((1 << unusedBits) - 1)) == 0;
    }

    private static int Digit(byte letter) => letter switch
    {
        >= (byte)'A' and <= (byte)'Z' => letter - 'A',
        >= (byte)'a' and <= (byte)'z' => letter - 'a' + 26,
        >= (byte)'0' and <= (byte)'9' => letter - '0' + 52,
        (byte)'-' => 62,
        _ => 63,
    };

    private static bool IsText(ReadOnlySpan<byte> data) => Utf8.IsValid(data) && !data.ContainsAny(Controls);

    private static readonly SearchValues<byte> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(static octet => (byte)octet), 0x7F]);
}
