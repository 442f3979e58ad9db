using System.Buffers.Text;

namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>
/// The part of a MESSAGE frame before the headers that the publisher gave it.
/// <code>
///  MESSAGE\n                                  \
///  subscription:0\n                            |  the same for every message of a subscription from one
///  destination:/queue/a\n                      |  destination: made once (see <see cref="GetStart"/>)
///  message-id:h2SvOq7mZyI-1-                   /
///  17\nredelivered:false\n
///  ack:h2SvOq7mZyI-1-17\n                     only where the client acknowledges, from 1.2 on
///  persistent:true\n                          only if it is
///  content-length:5\n
///  (the publisher's headers)
///  \n
///  hello\0
/// </code>
/// </summary>
internal readonly ref struct MessageHead
{
    // The names of the headers behind the start with their line ends, and three numbers.
    private const int FixedBytesMax = 128;

    /// <summary>Everything up to the number of the delivery.</summary>
    public required ReadOnlySpan<byte> Start { get; init; }

    /// <summary>What the number of the delivery is put behind, in `ack`; empty for no such header.</summary>
    public required ReadOnlySpan<byte> AckStart { get; init; }

    /// <summary>The number of the delivery.</summary>
    public required ulong Tag { get; init; }

    public required bool Redelivered { get; init; }

    public required bool Persistent { get; init; }

    public required int BodyBytes { get; init; }

    /// <summary>Bytes that <see cref="Write"/> needs at most.</summary>
    public int BytesMax => Start.Length + AckStart.Length + FixedBytesMax;

    /// <summary>The start of the messages of one subscription that come from one destination.</summary>
    /// <param name="subscription">The subscription's id as it stands on the wire; empty for none.</param>
    /// <param name="destination">The destination as it stands on the wire.</param>
    /// <param name="idStart">What is put before the number of a delivery.</param>
    public static byte[] GetStart(
        ReadOnlySpan<byte> subscription, ReadOnlySpan<byte> destination, ReadOnlySpan<byte> idStart)
    {
        var line = subscription.IsEmpty ? default : "subscription:"u8;
        var lineEnd = subscription.IsEmpty ? default : "\n"u8;
        return
        [
            .. "MESSAGE\n"u8, .. line, .. subscription, .. lineEnd, .. "destination:"u8, .. destination,
            .. "\nmessage-id:"u8, .. idStart,
        ];
    }

    /// <summary>Writes the head; the publisher's headers, an empty line, the body and a NUL follow.</summary>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> target)
    {
        Start.CopyTo(target);
        var at = Start.Length;
        at += PutNumber(Tag, target[at..]);
        at += Put(Redelivered ? "\nredelivered:true\n"u8 : "\nredelivered:false\n"u8, target[at..]);
        if (!AckStart.IsEmpty)
        {
            at += Put("ack:"u8, target[at..]);
            at += Put(AckStart, target[at..]);
            at += PutNumber(Tag, target[at..]);
            target[at++] = (byte)'\n';
        }

        if (Persistent)
            at += Put("persistent:true\n"u8, target[at..]);
        at += Put("content-length:"u8, target[at..]);
        at += PutNumber((ulong)BodyBytes, target[at..]);
        target[at++] = (byte)'\n';
        return at;
    }

    private static int Put(ReadOnlySpan<byte> bytes, Span<byte> target)
    {
        bytes.CopyTo(target);
        return bytes.Length;
    }

    private static int PutNumber(ulong number, Span<byte> target)
    {
        Utf8Formatter.TryFormat(number, target, out var bytes);
        return bytes;
    }
}
