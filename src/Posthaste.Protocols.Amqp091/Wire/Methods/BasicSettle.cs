namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// What becomes of deliveries and, with confirms, of publishes.

/// <summary>
/// basic.ack (60, 80), both ways: settles deliveries; from the server, confirms publishes.
/// <code>
///  +--------------+-------------+
///  | delivery-tag | multiple    |
///  | u64          | bit 0 of u8 |
///  +--------------+-------------+
/// </code>
/// </summary>
public readonly ref struct BasicAck : IMethod<BasicAck>
{
    public static MethodId Id => MethodId.BasicAck;

    /// <summary>0 with multiple: all so far.</summary>
    public ulong DeliveryTag { get; init; }

    /// <summary>All up to and including the tag.</summary>
    public bool Multiple { get; init; }

    public int ArgumentBytes => 9;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicAck method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicAck
        {
            DeliveryTag = reader.UInt64(),
            Multiple = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt64(DeliveryTag);
        writer.Bit(Multiple);
    }
}

/// <summary>
/// basic.reject (60, 90), client to server: refuses one delivery.
/// <code>
///  +--------------+-------------+
///  | delivery-tag | requeue     |
///  | u64          | bit 0 of u8 |
///  +--------------+-------------+
/// </code>
/// </summary>
public readonly ref struct BasicReject : IMethod<BasicReject>
{
    public static MethodId Id => MethodId.BasicReject;

    public ulong DeliveryTag { get; init; }

    /// <summary>Back into the queue; otherwise dead-lettered or dropped.</summary>
    public bool Requeue { get; init; }

    public int ArgumentBytes => 9;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicReject method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicReject
        {
            DeliveryTag = reader.UInt64(),
            Requeue = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt64(DeliveryTag);
        writer.Bit(Requeue);
    }
}

/// <summary>
/// basic.recover-async (60, 100), client to server: recover without an answer; deprecated.
/// <code>
///  +-------------+
///  | requeue     |
///  | bit 0 of u8 |
///  +-------------+
/// </code>
/// </summary>
public readonly ref struct BasicRecoverAsync : IMethod<BasicRecoverAsync>
{
    public static MethodId Id => MethodId.BasicRecoverAsync;

    /// <summary>RabbitMQ does not implement false.</summary>
    public bool Requeue { get; init; }

    public int ArgumentBytes => 1;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicRecoverAsync method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicRecoverAsync
        {
            Requeue = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.Bit(Requeue);
    }
}

/// <summary>
/// basic.recover (60, 110), client to server: puts all unsettled deliveries of the channel back.
/// <code>
///  +-------------+
///  | requeue     |
///  | bit 0 of u8 |
///  +-------------+
/// </code>
/// </summary>
public readonly ref struct BasicRecover : IMethod<BasicRecover>
{
    public static MethodId Id => MethodId.BasicRecover;

    /// <summary>RabbitMQ does not implement false.</summary>
    public bool Requeue { get; init; }

    public int ArgumentBytes => 1;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicRecover method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicRecover
        {
            Requeue = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.Bit(Requeue);
    }
}

/// <summary>
/// basic.recover-ok (60, 111), server to client: they are back.
/// </summary>
public readonly ref struct BasicRecoverOk : IMethod<BasicRecoverOk>
{
    public static MethodId Id => MethodId.BasicRecoverOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicRecoverOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// basic.nack (60, 120), both ways: (RabbitMQ) refuses deliveries; from the server, publishes that were not taken.
/// <code>
///  +--------------+------------------+
///  | delivery-tag | multiple requeue |
///  | u64          | bits 0-1 of u8   |
///  +--------------+------------------+
/// </code>
/// </summary>
public readonly ref struct BasicNack : IMethod<BasicNack>
{
    public static MethodId Id => MethodId.BasicNack;

    /// <summary>0 with multiple: all so far.</summary>
    public ulong DeliveryTag { get; init; }

    /// <summary>All up to and including the tag.</summary>
    public bool Multiple { get; init; }

    /// <summary>Back into the queue; otherwise dead-lettered or dropped.</summary>
    public bool Requeue { get; init; }

    public int ArgumentBytes => 9;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicNack method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicNack
        {
            DeliveryTag = reader.UInt64(),
            Multiple = reader.Bit(),
            Requeue = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt64(DeliveryTag);
        writer.Bit(Multiple);
        writer.Bit(Requeue);
    }
}
