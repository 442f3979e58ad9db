namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// Consumers: what they may hold unsettled, and their coming and going.

/// <summary>
/// basic.qos (60, 10), client to server: bounds the deliveries that may be unsettled at once.
/// <code>
///  +---------------+----------------+-------------+
///  | prefetch-size | prefetch-count | global      |
///  | u32           | u16            | bit 0 of u8 |
///  +---------------+----------------+-------------+
/// </code>
/// </summary>
public readonly ref struct BasicQos : IMethod<BasicQos>
{
    public static MethodId Id => MethodId.BasicQos;

    /// <summary>Bytes; 0 sets no limit, and RabbitMQ refuses any other.</summary>
    public uint PrefetchSize { get; init; }

    /// <summary>Messages; 0 sets no limit.</summary>
    public ushort PrefetchCount { get; init; }

    /// <summary>RabbitMQ: true for the channel as a whole, false for each new consumer.</summary>
    public bool Global { get; init; }

    public int ArgumentBytes => 7;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicQos method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicQos
        {
            PrefetchSize = reader.UInt32(),
            PrefetchCount = reader.UInt16(),
            Global = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt32(PrefetchSize);
        writer.UInt16(PrefetchCount);
        writer.Bit(Global);
    }
}

/// <summary>
/// basic.qos-ok (60, 11), server to client: the bound holds.
/// </summary>
public readonly ref struct BasicQosOk : IMethod<BasicQosOk>
{
    public static MethodId Id => MethodId.BasicQosOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicQosOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// basic.consume (60, 20), client to server: starts a consumer.
/// <code>
///  +--------+----------+--------------+-----------------------------------+-----------+
///  | ticket | queue    | consumer-tag | no-local no-ack exclusive no-wait | arguments |
///  | u16    | shortstr | shortstr     | bits 0-3 of u8                    | table     |
///  +--------+----------+--------------+-----------------------------------+-----------+
/// </code>
/// </summary>
public readonly ref struct BasicConsume : IMethod<BasicConsume>
{
    public static MethodId Id => MethodId.BasicConsume;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    /// <summary>Empty for the queue last declared on the channel.</summary>
    public ReadOnlySpan<byte> Queue { get; init; }

    /// <summary>Empty to let the server choose one.</summary>
    public ReadOnlySpan<byte> ConsumerTag { get; init; }

    /// <summary>Ignored, as by RabbitMQ.</summary>
    public bool NoLocal { get; init; }

    /// <summary>Settled by being sent.</summary>
    public bool NoAck { get; init; }

    /// <summary>The only consumer of the queue.</summary>
    public bool Exclusive { get; init; }

    /// <summary>The server sends no answer.</summary>
    public bool NoWait { get; init; }

    /// <summary>Optional settings, such as x-priority.</summary>
    public ReadOnlySpan<byte> Arguments { get; init; }

    public int ArgumentBytes => 9 + Queue.Length + ConsumerTag.Length + Arguments.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicConsume method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicConsume
        {
            Ticket = reader.UInt16(),
            Queue = reader.ShortString(),
            ConsumerTag = reader.ShortString(),
            NoLocal = reader.Bit(),
            NoAck = reader.Bit(),
            Exclusive = reader.Bit(),
            NoWait = reader.Bit(),
            Arguments = reader.Table(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Queue);
        writer.ShortString(ConsumerTag);
        writer.Bit(NoLocal);
        writer.Bit(NoAck);
        writer.Bit(Exclusive);
        writer.Bit(NoWait);
        writer.LongString(Arguments);
    }
}

/// <summary>
/// basic.consume-ok (60, 21), server to client: the consumer is there; deliveries may follow.
/// <code>
///  +--------------+
///  | consumer-tag |
///  | shortstr     |
///  +--------------+
/// </code>
/// </summary>
public readonly ref struct BasicConsumeOk : IMethod<BasicConsumeOk>
{
    public static MethodId Id => MethodId.BasicConsumeOk;

    public ReadOnlySpan<byte> ConsumerTag { get; init; }

    public int ArgumentBytes => 1 + ConsumerTag.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicConsumeOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicConsumeOk
        {
            ConsumerTag = reader.ShortString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(ConsumerTag);
    }
}

/// <summary>
/// basic.cancel (60, 30), both ways: ends a consumer; the server sends it when the queue goes, to clients with the
/// capability consumer_cancel_notify.
/// <code>
///  +--------------+-------------+
///  | consumer-tag | no-wait     |
///  | shortstr     | bit 0 of u8 |
///  +--------------+-------------+
/// </code>
/// </summary>
public readonly ref struct BasicCancel : IMethod<BasicCancel>
{
    public static MethodId Id => MethodId.BasicCancel;

    public ReadOnlySpan<byte> ConsumerTag { get; init; }

    /// <summary>The peer sends no answer.</summary>
    public bool NoWait { get; init; }

    public int ArgumentBytes => 2 + ConsumerTag.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicCancel method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicCancel
        {
            ConsumerTag = reader.ShortString(),
            NoWait = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(ConsumerTag);
        writer.Bit(NoWait);
    }
}

/// <summary>
/// basic.cancel-ok (60, 31), both ways: the consumer is gone; no delivery follows.
/// <code>
///  +--------------+
///  | consumer-tag |
///  | shortstr     |
///  +--------------+
/// </code>
/// </summary>
public readonly ref struct BasicCancelOk : IMethod<BasicCancelOk>
{
    public static MethodId Id => MethodId.BasicCancelOk;

    public ReadOnlySpan<byte> ConsumerTag { get; init; }

    public int ArgumentBytes => 1 + ConsumerTag.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicCancelOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicCancelOk
        {
            ConsumerTag = reader.ShortString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(ConsumerTag);
    }
}
