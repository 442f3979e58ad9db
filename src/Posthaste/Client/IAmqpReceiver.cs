namespace Posthaste.Client;

/// <summary>A message as it came; its spans last until the call returns.</summary>
internal readonly ref struct ReceivedMessage
{
    public ulong DeliveryTag { get; init; }

    public bool IsRedelivered { get; init; }

    public ReadOnlySpan<byte> Exchange { get; init; }

    public ReadOnlySpan<byte> RoutingKey { get; init; }

    /// <summary>
    /// Flags and list, as <see cref="Protocols.Amqp091.Wire.Content.BasicPropertiesReader"/> reads them.
    /// </summary>
    public ReadOnlySpan<byte> Properties { get; init; }

    public ReadOnlySpan<byte> Body { get; init; }

    /// <summary>Why it came back instead of being routed; empty for a delivery.</summary>
    public string ReturnedBecause { get; init; }
}

/// <summary>
/// What a client does with what the broker sends unasked. Called by the one who awaits <see
/// cref="AmqpClient.ReceiveAsync"/>.
/// </summary>
internal interface IAmqpReceiver
{
    /// <summary>A message for the consumer.</summary>
    void Delivered(in ReceivedMessage message);

    /// <summary>A published message that reached no queue.</summary>
    void Returned(in ReceivedMessage message);

    /// <summary>
    /// The broker took (or refused) the publish of this number, and all before it if <paramref name="multiple"/>.
    /// </summary>
    void Confirmed(ulong publishNumber, bool multiple, bool isAccepted);
}
