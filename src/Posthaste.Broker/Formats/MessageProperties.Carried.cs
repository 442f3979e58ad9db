using System.Buffers.Text;
using System.Globalization;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Formats;

/// <summary>The properties for which a protocol may have no place of its own.</summary>
[Flags]
public enum CarriedProperties
{
    None = 0,
    Priority = 1,
    Expiration = 2,
    Timestamp = 4,
    ContentType = 8,
    ContentEncoding = 16,
    CorrelationId = 32,
    ReplyTo = 64,
    MessageId = 128,
    Type = 256,
    UserId = 512,
    AppId = 1024,
    BodyIsText = 2048,
}

/// <summary>
/// Properties that a protocol has no place for are carried as headers, so that nothing is lost:
/// <code>
///  x-priority  x-expiration (ms)  x-timestamp (s)  x-content-type  x-content-encoding  x-correlation-id  x-reply-to
///  x-message-id  x-type  x-user-id  x-app-id  x-body-is-text (true)
/// </code>
/// All values are texts: correlation id and reply address in the form that AMQP has for them.
/// </summary>
public sealed partial class MessageProperties
{
    private const int NumberBytesMax = 20;

    /// <summary>Turns these properties, as far as they are set, into headers behind those that are there.</summary>
    public void MoveToHeaders(CarriedProperties which)
    {
        MoveNumber(which, CarriedProperties.Priority, "x-priority"u8, Priority);
        MoveNumber(which, CarriedProperties.Expiration, "x-expiration"u8, (ulong?)ExpirationMs);
        MoveNumber(which, CarriedProperties.Timestamp, "x-timestamp"u8, TimestampS);
        MoveText(which, CarriedProperties.ContentType, "x-content-type"u8, MessageText.ContentType);
        MoveText(which, CarriedProperties.ContentEncoding, "x-content-encoding"u8, MessageText.ContentEncoding);
        MoveText(which, CarriedProperties.MessageId, "x-message-id"u8, MessageText.MessageId);
        MoveText(which, CarriedProperties.Type, "x-type"u8, MessageText.Type);
        MoveText(which, CarriedProperties.UserId, "x-user-id"u8, MessageText.UserId);
        MoveText(which, CarriedProperties.AppId, "x-app-id"u8, MessageText.AppId);
        if ((which & CarriedProperties.CorrelationId) != 0)
            MoveCorrelationId();
        if ((which & CarriedProperties.ReplyTo) != 0)
            MoveReplyTo();
        if ((which & CarriedProperties.BodyIsText) != 0 && IsBodyText)
            AddHeader("x-body-is-text"u8, "true"u8);
        Forget(which);
    }

    /// <summary>
    /// Takes a header for the property that it carries, if it does and may: what <see cref="MoveToHeaders"/> wrote is
    /// read back. A number that is none is left to be a header.
    /// </summary>
    /// <param name="which">
    /// The properties that headers are taken for. Not the user id of a client: it is checked.
    /// </param>
    /// <param name="name">The header's name.</param>
    /// <param name="text">The header's value.</param>
    public bool TryTakeCarried(CarriedProperties which, ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || !name.StartsWith("x-"u8))
            return false;
        var property = Named(name) & which;
        switch (property)
        {
            case CarriedProperties.None:
                return false;
            case CarriedProperties.Priority when TryReadNumber(text, byte.MaxValue, out var number):
                Priority = (byte)number;
                return true;
            case CarriedProperties.Expiration when TryReadNumber(text, long.MaxValue, out var number):
                ExpirationMs = (long)number;
                return true;
            case CarriedProperties.Timestamp when TryReadNumber(text, ulong.MaxValue, out var number):
                TimestampS = number;
                return true;
            case CarriedProperties.Priority or CarriedProperties.Expiration or CarriedProperties.Timestamp:
                return false;
            case CarriedProperties.BodyIsText:
                IsBodyText |= text.SequenceEqual("true"u8);
                return text.SequenceEqual("true"u8);
            default:
                SetText(property, text);
                return true;
        }
    }

    private static CarriedProperties Named(ReadOnlySpan<byte> name) => name[2..] switch
    {
        var rest when rest.SequenceEqual("priority"u8) => CarriedProperties.Priority,
        var rest when rest.SequenceEqual("expiration"u8) => CarriedProperties.Expiration,
        var rest when rest.SequenceEqual("timestamp"u8) => CarriedProperties.Timestamp,
        var rest when rest.SequenceEqual("content-type"u8) => CarriedProperties.ContentType,
        var rest when rest.SequenceEqual("content-encoding"u8) => CarriedProperties.ContentEncoding,
        var rest when rest.SequenceEqual("correlation-id"u8) => CarriedProperties.CorrelationId,
        var rest when rest.SequenceEqual("reply-to"u8) => CarriedProperties.ReplyTo,
        var rest when rest.SequenceEqual("message-id"u8) => CarriedProperties.MessageId,
        var rest when rest.SequenceEqual("type"u8) => CarriedProperties.Type,
        var rest when rest.SequenceEqual("user-id"u8) => CarriedProperties.UserId,
        var rest when rest.SequenceEqual("app-id"u8) => CarriedProperties.AppId,
        var rest when rest.SequenceEqual("body-is-text"u8) => CarriedProperties.BodyIsText,
        _ => CarriedProperties.None,
    };

    private void SetText(CarriedProperties property, ReadOnlySpan<byte> text)
    {
        switch (property)
        {
            case CarriedProperties.ContentType:
                ContentType = text;
                break;
            case CarriedProperties.ContentEncoding:
                ContentEncoding = text;
                break;
            case CarriedProperties.CorrelationId:
                SetCorrelationText(text);
                break;
            case CarriedProperties.ReplyTo:
                SetReplyText(text);
                break;
            case CarriedProperties.MessageId:
                MessageId = text;
                break;
            case CarriedProperties.Type:
                Type = text;
                break;
            case CarriedProperties.UserId:
                UserId = text;
                break;
            default:
                AppId = text;
                break;
        }
    }

    private void MoveNumber(
        CarriedProperties which, CarriedProperties property, ReadOnlySpan<byte> name, ulong? number)
    {
        if ((which & property) == 0 || number is not { } value)
            return;
        Span<byte> text = stackalloc byte[NumberBytesMax];
        value.TryFormat(text, out var count, default, CultureInfo.InvariantCulture);
        AddHeader(name, text[..count]);
    }

    private void MoveText(
        CarriedProperties which, CarriedProperties property, ReadOnlySpan<byte> name, MessageText text)
    {
        if ((which & property) == 0 || this[text].IsEmpty)
            return;
        AddHeader(name, this[text]);
        _texts[(int)text] = default;
    }

    private void MoveCorrelationId()
    {
        if (CorrelationId.IsEmpty)
            return;
        var bytes = BinaryText.GetBytes(CorrelationId);
        var at = _count;
        Reserve(bytes);
        BinaryText.Write(CorrelationId, _bytes.AsSpan(at));
        _count += bytes;
        AddKept("x-correlation-id"u8, new Slice(at, bytes));
        CorrelationId = default;
    }

    private void MoveReplyTo()
    {
        if (ReplyTo.IsNone)
            return;
        var bytes = ReplyTo.TextBytes;
        var at = _count;
        Reserve(bytes);
        ReplyTo.WriteText(_bytes.AsSpan(at));
        _count += bytes;
        AddKept("x-reply-to"u8, new Slice(at, bytes));
        ReplyTo = default;
    }

    private void AddKept(ReadOnlySpan<byte> name, Slice text)
    {
        AddHeader(name, FieldType.String, default);
        _headers[_headerCount - 1].Data = text;
    }

    private void Forget(CarriedProperties which)
    {
        if ((which & CarriedProperties.Priority) != 0)
            Priority = null;
        if ((which & CarriedProperties.Expiration) != 0)
            ExpirationMs = null;
        if ((which & CarriedProperties.Timestamp) != 0)
            TimestampS = null;
        if ((which & CarriedProperties.BodyIsText) != 0)
            IsBodyText = false;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> text, ulong max, out ulong number) =>
        Utf8Parser.TryParse(text, out number, out var used) && used == text.Length && number <= max;
}
