namespace Posthaste.Protocols.Stomp.Format;

/// <summary>The headers that stand for properties of a message; RabbitMQ's names.</summary>
[Flags]
internal enum PropertyHeaders
{
    None = 0,
    ContentType = 1,
    ContentEncoding = 2,
    Priority = 4,
    CorrelationId = 8,
    ReplyTo = 16,
    Expiration = 32,

    /// <summary>`amqp-message-id`: `message-id` is the broker's own.</summary>
    MessageId = 64,
    Timestamp = 128,
    Type = 256,
    UserId = 512,
    AppId = 1024,
}

internal static class PropertyHeaderNames
{
    /// <summary>Which property the name stands for.</summary>
    public static PropertyHeaders Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        4 when name.SequenceEqual("type"u8) => PropertyHeaders.Type,
        6 when name.SequenceEqual("app-id"u8) => PropertyHeaders.AppId,
        7 when name.SequenceEqual("user-id"u8) => PropertyHeaders.UserId,
        8 when name.SequenceEqual("priority"u8) => PropertyHeaders.Priority,
        8 when name.SequenceEqual("reply-to"u8) => PropertyHeaders.ReplyTo,
        9 when name.SequenceEqual("timestamp"u8) => PropertyHeaders.Timestamp,
        10 when name.SequenceEqual("expiration"u8) => PropertyHeaders.Expiration,
        12 when name.SequenceEqual("content-type"u8) => PropertyHeaders.ContentType,
        14 when name.SequenceEqual("correlation-id"u8) => PropertyHeaders.CorrelationId,
        15 when name.SequenceEqual("amqp-message-id"u8) => PropertyHeaders.MessageId,
        16 when name.SequenceEqual("content-encoding"u8) => PropertyHeaders.ContentEncoding,
        _ => PropertyHeaders.None,
    };
}
