using System.Buffers;
using System.Buffers.Text;
using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Format;

/// <summary>
/// What the broker reads of messages that were published by STOMP, after their publisher is gone. The layout is at
/// <see cref="StoredHeaders"/>, the tables are in docs/protocols/mapping.md.
/// </summary>
public sealed class StompFormat : CanonicalFormat
{
    private const int StackBytesMax = 1024;

    public override PropertyFormat Format => PropertyFormat.Stomp;

    public override void ReadProperties(in MessageView message, MessageProperties into)
    {
        ArgumentNullException.ThrowIfNull(into);
        byte[]? rented = null;
        var scratch = message.Properties.Length <= StackBytesMax
            ? stackalloc byte[StackBytesMax]
            : rented = ArrayPool<byte>.Shared.Rent(message.Properties.Length);
        var known = PropertyHeaders.None;
        foreach (var line in new HeaderLines(message.Properties))
        {
            var nameBytes = HeaderText.Unescape(line.Name, scratch);
            var valueBytes = HeaderText.Unescape(line.Value, scratch[nameBytes..]);
            Read(scratch[..nameBytes], scratch.Slice(nameBytes, valueBytes), ref known, into);
        }

        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
    }

    public override ReleasedProperties Release(in MessageView message) =>
        new(StoredHeaders.WithoutDelay(message.Properties), []);

    /// <summary>
    /// Properties in canonical form as the clients of 1.2 get them: header lines, valid until the next call on this
    /// thread.
    /// </summary>
    /// <param name="properties">The canonical form; changed by it.</param>
    public static ReadOnlySpan<byte> Write(MessageProperties properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        return CanonicalWriter.Write(properties, StompVersion.V12);
    }

    /// <summary>Of several headers of one name the first counts.</summary>
    private static void Read(
        ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref PropertyHeaders known, MessageProperties into)
    {
        var header = PropertyHeaderNames.Find(name);
        if (header != PropertyHeaders.None && (known & header) != 0)
            return;
        known |= header;
        if (header != PropertyHeaders.None && TryRead(header, value, into))
            return;
        if (into.TryTakeCarried(CarriedProperties.BodyIsText, name, value))
            return;
        if (!into.TryFindHeader(name, out _))
            into.AddHeader(name, value);
    }

    /// <summary>False for a value that the property cannot have: then it is a header like any other.</summary>
    private static bool TryRead(PropertyHeaders header, ReadOnlySpan<byte> value, MessageProperties into)
    {
        switch (header)
        {
            case PropertyHeaders.ContentType:
                into.ContentType = value;
                break;
            case PropertyHeaders.ContentEncoding:
                into.ContentEncoding = value;
                break;
            case PropertyHeaders.CorrelationId:
                into.SetCorrelationText(value);
                break;
            case PropertyHeaders.ReplyTo:
                ReadReplyTo(value, into);
                break;
            case PropertyHeaders.MessageId:
                into.MessageId = value;
                break;
            case PropertyHeaders.Type:
                into.Type = value;
                break;
            case PropertyHeaders.UserId:
                into.UserId = value;
                break;
            case PropertyHeaders.AppId:
                into.AppId = value;
                break;
            case PropertyHeaders.Priority when TryReadNumber(value, byte.MaxValue, out var number):
                into.Priority = (byte)number;
                break;
            case PropertyHeaders.Expiration when TryReadNumber(value, long.MaxValue, out var number):
                into.ExpirationMs = (long)number;
                break;
            case PropertyHeaders.Timestamp when TryReadNumber(value, ulong.MaxValue, out var number):
                into.TimestampS = number;
                break;
            default:
                return false;
        }

        return true;
    }

    /// <summary>A text that is no destination is taken for the name of a queue, as AMQP's clients mean it.</summary>
    private static void ReadReplyTo(ReadOnlySpan<byte> value, MessageProperties into)
    {
        var isDestination = !Destination.Parse(value, out var destination).IsError;
        into.ReplyTo = isDestination ? new ReplyAddress(destination.Exchange, destination.Key) : new(default, value);
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> text, ulong max, out ulong number)
    {
        text = text.Trim((byte)' ');
        return Utf8Parser.TryParse(text, out number, out var used) && used == text.Length && number <= max;
    }
}
