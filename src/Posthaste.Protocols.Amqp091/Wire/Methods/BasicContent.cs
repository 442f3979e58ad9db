namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// The methods that a content follows (publish, return, deliver, get-ok), and asking for one with get.

/// <summary>
/// basic.publish (60, 40), client to server: a message for an exchange; a content follows.
/// <code>
///  +--------+----------+-------------+---------------------+
///  | ticket | exchange | routing-key | mandatory immediate |
///  | u16    | shortstr | shortstr    | bits 0-1 of u8      |
///  +--------+----------+-------------+---------------------+
/// </code>
/// </summary>
public readonly ref struct BasicPublish : IMethod<BasicPublish>
{
    public static MethodId Id => MethodId.BasicPublish;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    /// <summary>Empty for the default exchange.</summary>
    public ReadOnlySpan<byte> Exchange { get; init; }

    public ReadOnlySpan<byte> RoutingKey { get; init; }

    /// <summary>Return the message if it reaches no queue.</summary>
    public bool Mandatory { get; init; }

    /// <summary>Return it if no consumer can have it now; RabbitMQ answers 540.</summary>
    public bool Immediate { get; init; }

    public int ArgumentBytes => 5 + Exchange.Length + RoutingKey.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicPublish method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicPublish
        {
            Ticket = reader.UInt16(),
            Exchange = reader.ShortBytes(),
            RoutingKey = reader.ShortBytes(),
            Mandatory = reader.Bit(),
            Immediate = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Exchange);
        writer.ShortString(RoutingKey);
        writer.Bit(Mandatory);
        writer.Bit(Immediate);
    }
}

/// <summary>
/// basic.return (60, 50), server to client: a mandatory message that reached no queue comes back; a content
/// follows.
/// <code>
///  +------------+------------+----------+-------------+
///  | reply-code | reply-text | exchange | routing-key |
///  | u16        | shortstr   | shortstr | shortstr    |
///  +------------+------------+----------+-------------+
/// </code>
/// </summary>
public readonly ref struct BasicReturn : IMethod<BasicReturn>
{
    public static MethodId Id => MethodId.BasicReturn;

    public ushort ReplyCode { get; init; }

    /// <summary>For people.</summary>
    public ReadOnlySpan<byte> ReplyText { get; init; }

    public ReadOnlySpan<byte> Exchange { get; init; }

    public ReadOnlySpan<byte> RoutingKey { get; init; }

    public int ArgumentBytes => 5 + ReplyText.Length + Exchange.Length + RoutingKey.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicReturn method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicReturn
        {
            ReplyCode = reader.UInt16(),
            ReplyText = reader.ShortString(),
            Exchange = reader.ShortBytes(),
            RoutingKey = reader.ShortBytes(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(ReplyCode);
        writer.ShortString(ReplyText);
        writer.ShortString(Exchange);
        writer.ShortString(RoutingKey);
    }
}

/// <summary>
/// basic.deliver (60, 60), server to client: a message for a consumer; a content follows.
/// <code>
///  +--------------+--------------+-------------+----------+-------------+
///  | consumer-tag | delivery-tag | redelivered | exchange | routing-key |
///  | shortstr     | u64          | bit 0 of u8 | shortstr | shortstr    |
///  +--------------+--------------+-------------+----------+-------------+
/// </code>
/// </summary>
public readonly ref struct BasicDeliver : IMethod<BasicDeliver>
{
    public static MethodId Id => MethodId.BasicDeliver;

    public ReadOnlySpan<byte> ConsumerTag { get; init; }

    /// <summary>Counts deliveries on the channel from 1.</summary>
    public ulong DeliveryTag { get; init; }

    /// <summary>It may have been delivered before.</summary>
    public bool Redelivered { get; init; }

    public ReadOnlySpan<byte> Exchange { get; init; }

    public ReadOnlySpan<byte> RoutingKey { get; init; }

    public int ArgumentBytes => 12 + ConsumerTag.Length + Exchange.Length + RoutingKey.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicDeliver method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicDeliver
        {
            ConsumerTag = reader.ShortString(),
            DeliveryTag = reader.UInt64(),
            Redelivered = reader.Bit(),
            Exchange = reader.ShortBytes(),
            RoutingKey = reader.ShortBytes(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(ConsumerTag);
        writer.UInt64(DeliveryTag);
        writer.Bit(Redelivered);
        writer.ShortString(Exchange);
        writer.ShortString(RoutingKey);
    }
}

/// <summary>
/// basic.get (60, 70), client to server: asks for one message from a queue.
/// <code>
///  +--------+----------+-------------+
///  | ticket | queue    | no-ack      |
///  | u16    | shortstr | bit 0 of u8 |
///  +--------+----------+-------------+
/// </code>
/// </summary>
public readonly ref struct BasicGet : IMethod<BasicGet>
{
    public static MethodId Id => MethodId.BasicGet;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    /// <summary>Empty for the queue last declared on the channel.</summary>
    public ReadOnlySpan<byte> Queue { get; init; }

    /// <summary>Settled by being sent.</summary>
    public bool NoAck { get; init; }

    public int ArgumentBytes => 4 + Queue.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicGet method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicGet
        {
            Ticket = reader.UInt16(),
            Queue = reader.ShortString(),
            NoAck = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Queue);
        writer.Bit(NoAck);
    }
}

/// <summary>
/// basic.get-ok (60, 71), server to client: here it is; a content follows.
/// <code>
///  +--------------+-------------+----------+-------------+---------------+
///  | delivery-tag | redelivered | exchange | routing-key | message-count |
///  | u64          | bit 0 of u8 | shortstr | shortstr    | u32           |
///  +--------------+-------------+----------+-------------+---------------+
/// </code>
/// </summary>
public readonly ref struct BasicGetOk : IMethod<BasicGetOk>
{
    public static MethodId Id => MethodId.BasicGetOk;

    /// <summary>Counts deliveries on the channel from 1.</summary>
    public ulong DeliveryTag { get; init; }

    /// <summary>It may have been delivered before.</summary>
    public bool Redelivered { get; init; }

    public ReadOnlySpan<byte> Exchange { get; init; }

    public ReadOnlySpan<byte> RoutingKey { get; init; }

    /// <summary>Messages still ready in the queue.</summary>
    public uint MessageCount { get; init; }

    public int ArgumentBytes => 15 + Exchange.Length + RoutingKey.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicGetOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicGetOk
        {
            DeliveryTag = reader.UInt64(),
            Redelivered = reader.Bit(),
            Exchange = reader.ShortBytes(),
            RoutingKey = reader.ShortBytes(),
            MessageCount = reader.UInt32(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt64(DeliveryTag);
        writer.Bit(Redelivered);
        writer.ShortString(Exchange);
        writer.ShortString(RoutingKey);
        writer.UInt32(MessageCount);
    }
}

/// <summary>
/// basic.get-empty (60, 72), server to client: there is none.
/// <code>
///  +------------+
///  | cluster-id |
///  | shortstr   |
///  +------------+
/// </code>
/// </summary>
public readonly ref struct BasicGetEmpty : IMethod<BasicGetEmpty>
{
    public static MethodId Id => MethodId.BasicGetEmpty;

    /// <summary>Unused since AMQP 0-9; empty.</summary>
    public ReadOnlySpan<byte> ClusterId { get; init; }

    public int ArgumentBytes => 1 + ClusterId.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out BasicGetEmpty method)
    {
        var reader = new WireReader(payload, Id);
        method = new BasicGetEmpty
        {
            ClusterId = reader.ShortString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(ClusterId);
    }
}
