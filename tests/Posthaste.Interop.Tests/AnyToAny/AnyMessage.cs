namespace Posthaste.Interop.Tests.AnyToAny;

/// <summary>An address for answers: an exchange and a routing key.</summary>
internal sealed record AnyAddress(string Exchange, string Key);

/// <summary>
/// A message in no protocol's words, as <c>clients/anytoany/peer.py</c> has it on its lines: what a publisher meant and
/// what a receiver understood.
/// </summary>
internal sealed record AnyMessage
{
    /// <summary>Routing key in amq.topic.</summary>
    public string Key { get; init; } = "";

    public byte[] Body { get; init; } = [];

    public bool Persistent { get; init; }

    public string? ContentType { get; init; }

    public string? ContentEncoding { get; init; }

    public byte[]? CorrelationId { get; init; }

    public AnyAddress? ReplyTo { get; init; }

    public long? ExpirationMs { get; init; }

    public int? Priority { get; init; }

    public long? Timestamp { get; init; }

    public string? MessageId { get; init; }

    public string? Type { get; init; }

    public string? AppId { get; init; }

    /// <summary>Pairs of name and text.</summary>
    public string[][] Headers { get; init; } = [];

    /// <summary>What the message says, for comparison: headers by name, and without the expiration.</summary>
    public string Description => string.Join('\n',
    [
        $"key {Key}", $"body {Convert.ToHexString(Body)}", $"persistent {Persistent}", $"content type {ContentType}",
        $"content encoding {ContentEncoding}", $"correlation id {Convert.ToHexString(CorrelationId ?? [])}",
        $"reply to {ReplyTo?.Exchange} {ReplyTo?.Key}", $"priority {Priority}", $"timestamp {Timestamp}",
        $"message id {MessageId}", $"type {Type}", $"app id {AppId}",
        .. Headers.Select(header => $"header {header[0]} {header[1]}").Order(StringComparer.Ordinal),
    ]);
}
