using System.Globalization;
using System.Text;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Format;

/// <summary>
/// The properties of a message in the format <see cref="Core.Messages.PropertyFormat.Stomp"/>: the header lines of the
/// SEND, in their order, each ending in LF, escaped as in 1.2.
/// <code>
///  content-type:text/plain\n
///  reply-to:/reply-queue/stomp.gen-x\n
///  my-header:a\cb\n
/// </code>
/// Left out is what was for the broker (destination, receipt, transaction, content-length, delay), what the
/// envelope knows (persistent), and what only MESSAGE frames have (message-id, subscription, ack, redelivered).
/// Names may be repeated: the first counts. A colon in a value may stand as it is.
/// </summary>
internal static class StoredHeaders
{
    private static ReadOnlySpan<byte> NameOfDelay => "x-delay"u8;

    /// <summary>What is stored of a SEND's headers, in the frame or in the scratch.</summary>
    /// <param name="frame">The SEND.</param>
    /// <param name="replyTo">Escaped value that takes the place of `reply-to`; empty to keep that.</param>
    /// <param name="scope">Whose scratch is used.</param>
    public static ReadOnlySpan<byte> Of(scoped in StompFrame frame, ReadOnlySpan<byte> replyTo, ReadScope scope)
    {
        var bytesMax = 0;
        foreach (var line in new HeaderLines(frame.Headers))
        {
            if (IsStored(line.Name))
                bytesMax += BytesMax(line, frame.Version);
        }

        if (bytesMax == 0)
            return default;
        var target = scope.Take(bytesMax + replyTo.Length);
        var written = 0;
        foreach (var line in new HeaderLines(frame.Headers))
        {
            if (!IsStored(line.Name))
                continue;
            if (!replyTo.IsEmpty && line.Name.SequenceEqual("reply-to"u8))
                written += Put(line.Name, replyTo, target[written..]);
            else if (frame.Version == StompVersion.V10)
                written += PutEscaped(line, target[written..]);
            else
                written += Put(line.Name, line.Value, target[written..]);
        }

        return target[..written];
    }

    /// <summary>Stored headers with `x-delay` negated; null if that is not there or says no delay.</summary>
    public static byte[]? WithoutDelay(ReadOnlySpan<byte> stored)
    {
        if (!HeaderLines.TryFind(stored, NameOfDelay, out var value)
            || !DelayHeader.TryRead(FieldValue.String(value), out var delayMs))
        {
            return null;
        }

        var negated = Encoding.ASCII.GetBytes((-delayMs).ToString(CultureInfo.InvariantCulture));
        var target = new byte[stored.Length - value.Length + negated.Length];
        var isFirst = true;
        var written = 0;
        foreach (var line in new HeaderLines(stored))
        {
            var isDelay = isFirst && line.Name.SequenceEqual(NameOfDelay);
            isFirst &= !isDelay;
            written += Put(line.Name, isDelay ? negated : line.Value, target.AsSpan(written));
        }

        return target;
    }

    private static bool IsStored(ReadOnlySpan<byte> name) => KnownHeaders.Find(name) is not
        (KnownHeader.Destination or KnownHeader.ContentLength or KnownHeader.Receipt or KnownHeader.Transaction
        or KnownHeader.Persistent or KnownHeader.MessageId or KnownHeader.Subscription or KnownHeader.Ack
        or KnownHeader.Redelivered or KnownHeader.ScheduledDelay);

    private static int BytesMax(in HeaderLine line, StompVersion version)
    {
        var bytes = line.Name.Length + line.Value.Length;
        return (version == StompVersion.V10 ? HeaderText.EscapedBytesMax(bytes) : bytes) + 2;
    }

    private static int Put(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, Span<byte> target)
    {
        name.CopyTo(target);
        target[name.Length] = (byte)':';
        value.CopyTo(target[(name.Length + 1)..]);
        var bytes = name.Length + 1 + value.Length;
        target[bytes] = (byte)'\n';
        return bytes + 1;
    }

    // Headers of 1.0 mean their backslashes as they stand, and may be padded.
    private static int PutEscaped(in HeaderLine line, Span<byte> target)
    {
        var bytes = HeaderText.Escape(line.Name, StompVersion.V12, target);
        target[bytes++] = (byte)':';
        var value = StompFrame.Trim(line.Value, StompVersion.V10);
        bytes += HeaderText.Escape(value, StompVersion.V12, target[bytes..]);
        target[bytes] = (byte)'\n';
        return bytes + 1;
    }
}
