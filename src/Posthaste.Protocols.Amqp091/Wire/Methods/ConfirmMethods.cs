namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// Publisher confirms, an extension of RabbitMQ.

/// <summary>
/// confirm.select (85, 10), client to server: every publish on the channel will be answered by basic.ack or
/// basic.nack.
/// <code>
///  +-------------+
///  | no-wait     |
///  | bit 0 of u8 |
///  +-------------+
/// </code>
/// </summary>
public readonly ref struct ConfirmSelect : IMethod<ConfirmSelect>
{
    public static MethodId Id => MethodId.ConfirmSelect;

    /// <summary>The server sends no answer.</summary>
    public bool NoWait { get; init; }

    public int ArgumentBytes => 1;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConfirmSelect method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConfirmSelect
        {
            NoWait = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.Bit(NoWait);
    }
}

/// <summary>
/// confirm.select-ok (85, 11), server to client: publishes count from 1 from here on.
/// </summary>
public readonly ref struct ConfirmSelectOk : IMethod<ConfirmSelectOk>
{
    public static MethodId Id => MethodId.ConfirmSelectOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConfirmSelectOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}
