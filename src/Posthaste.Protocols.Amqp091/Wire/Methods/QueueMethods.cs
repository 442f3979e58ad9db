namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// Queues: declaring, binding, purging and deleting them.

/// <summary>
/// queue.declare (50, 10), client to server: creates a queue or checks that it is there as described.
/// <code>
///  +--------+----------+-----------------------------------------------+-----------+
///  | ticket | queue    | passive durable exclusive auto-delete no-wait | arguments |
///  | u16    | shortstr | bits 0-4 of u8                                | table     |
///  +--------+----------+-----------------------------------------------+-----------+
/// </code>
/// </summary>
public readonly ref struct QueueDeclare : IMethod<QueueDeclare>
{
    public static MethodId Id => MethodId.QueueDeclare;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    /// <summary>Empty to let the server choose a name.</summary>
    public ReadOnlySpan<byte> Queue { get; init; }

    /// <summary>Only check that it exists.</summary>
    public bool Passive { get; init; }

    public bool Durable { get; init; }

    /// <summary>For this connection only, and deleted with it.</summary>
    public bool Exclusive { get; init; }

    /// <summary>Delete with its last consumer.</summary>
    public bool AutoDelete { get; init; }

    /// <summary>The server sends no answer.</summary>
    public bool NoWait { get; init; }

    /// <summary>Optional settings, such as x-message-ttl.</summary>
    public ReadOnlySpan<byte> Arguments { get; init; }

    public int ArgumentBytes => 8 + Queue.Length + Arguments.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out QueueDeclare method)
    {
        var reader = new WireReader(payload, Id);
        method = new QueueDeclare
        {
            Ticket = reader.UInt16(),
            Queue = reader.ShortString(),
            Passive = reader.Bit(),
            Durable = reader.Bit(),
            Exclusive = reader.Bit(),
            AutoDelete = reader.Bit(),
            NoWait = reader.Bit(),
            Arguments = reader.Table(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Queue);
        writer.Bit(Passive);
        writer.Bit(Durable);
        writer.Bit(Exclusive);
        writer.Bit(AutoDelete);
        writer.Bit(NoWait);
        writer.LongString(Arguments);
    }
}

/// <summary>
/// queue.declare-ok (50, 11), server to client: the queue is there.
/// <code>
///  +----------+---------------+----------------+
///  | queue    | message-count | consumer-count |
///  | shortstr | u32           | u32            |
///  +----------+---------------+----------------+
/// </code>
/// </summary>
public readonly ref struct QueueDeclareOk : IMethod<QueueDeclareOk>
{
    public static MethodId Id => MethodId.QueueDeclareOk;

    public ReadOnlySpan<byte> Queue { get; init; }

    /// <summary>Messages ready for delivery.</summary>
    public uint MessageCount { get; init; }

    public uint ConsumerCount { get; init; }

    public int ArgumentBytes => 9 + Queue.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out QueueDeclareOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new QueueDeclareOk
        {
            Queue = reader.ShortString(),
            MessageCount = reader.UInt32(),
            ConsumerCount = reader.UInt32(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(Queue);
        writer.UInt32(MessageCount);
        writer.UInt32(ConsumerCount);
    }
}

/// <summary>
/// queue.bind (50, 20), client to server: lets messages flow from an exchange to a queue.
/// <code>
///  +--------+----------+----------+-------------+-------------+-----------+
///  | ticket | queue    | exchange | routing-key | no-wait     | arguments |
///  | u16    | shortstr | shortstr | shortstr    | bit 0 of u8 | table     |
///  +--------+----------+----------+-------------+-------------+-----------+
/// </code>
/// </summary>
public readonly ref struct QueueBind : IMethod<QueueBind>
{
    public static MethodId Id => MethodId.QueueBind;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    /// <summary>Empty for the queue last declared on the channel.</summary>
    public ReadOnlySpan<byte> Queue { get; init; }

    public ReadOnlySpan<byte> Exchange { get; init; }

    public ReadOnlySpan<byte> RoutingKey { get; init; }

    /// <summary>The server sends no answer.</summary>
    public bool NoWait { get; init; }

    /// <summary>What the exchange type asks for, such as headers to match.</summary>
    public ReadOnlySpan<byte> Arguments { get; init; }

    public int ArgumentBytes => 10 + Queue.Length + Exchange.Length + RoutingKey.Length + Arguments.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out QueueBind method)
    {
        var reader = new WireReader(payload, Id);
        method = new QueueBind
        {
            Ticket = reader.UInt16(),
            Queue = reader.ShortString(),
            Exchange = reader.ShortString(),
            RoutingKey = reader.ShortString(),
            NoWait = reader.Bit(),
            Arguments = reader.Table(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Queue);
        writer.ShortString(Exchange);
        writer.ShortString(RoutingKey);
        writer.Bit(NoWait);
        writer.LongString(Arguments);
    }
}

/// <summary>
/// queue.bind-ok (50, 21), server to client: the binding is there.
/// </summary>
public readonly ref struct QueueBindOk : IMethod<QueueBindOk>
{
    public static MethodId Id => MethodId.QueueBindOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out QueueBindOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// queue.purge (50, 30), client to server: drops the messages that are ready for delivery.
/// <code>
///  +--------+----------+-------------+
///  | ticket | queue    | no-wait     |
///  | u16    | shortstr | bit 0 of u8 |
///  +--------+----------+-------------+
/// </code>
/// </summary>
public readonly ref struct QueuePurge : IMethod<QueuePurge>
{
    public static MethodId Id => MethodId.QueuePurge;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    /// <summary>Empty for the queue last declared on the channel.</summary>
    public ReadOnlySpan<byte> Queue { get; init; }

    /// <summary>The server sends no answer.</summary>
    public bool NoWait { get; init; }

    public int ArgumentBytes => 4 + Queue.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out QueuePurge method)
    {
        var reader = new WireReader(payload, Id);
        method = new QueuePurge
        {
            Ticket = reader.UInt16(),
            Queue = reader.ShortString(),
            NoWait = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Queue);
        writer.Bit(NoWait);
    }
}

/// <summary>
/// queue.purge-ok (50, 31), server to client: they are dropped.
/// <code>
///  +---------------+
///  | message-count |
///  | u32           |
///  +---------------+
/// </code>
/// </summary>
public readonly ref struct QueuePurgeOk : IMethod<QueuePurgeOk>
{
    public static MethodId Id => MethodId.QueuePurgeOk;

    /// <summary>How many there were.</summary>
    public uint MessageCount { get; init; }

    public int ArgumentBytes => 4;

    public static bool TryRead(ReadOnlySpan<byte> payload, out QueuePurgeOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new QueuePurgeOk
        {
            MessageCount = reader.UInt32(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt32(MessageCount);
    }
}

/// <summary>
/// queue.delete (50, 40), client to server: deletes a queue and its messages.
/// <code>
///  +--------+----------+----------------------------+
///  | ticket | queue    | if-unused if-empty no-wait |
///  | u16    | shortstr | bits 0-2 of u8             |
///  +--------+----------+----------------------------+
/// </code>
/// </summary>
public readonly ref struct QueueDelete : IMethod<QueueDelete>
{
    public static MethodId Id => MethodId.QueueDelete;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    /// <summary>Empty for the queue last declared on the channel.</summary>
    public ReadOnlySpan<byte> Queue { get; init; }

    /// <summary>Only if it has no consumers.</summary>
    public bool IfUnused { get; init; }

    /// <summary>Only if it has no messages.</summary>
    public bool IfEmpty { get; init; }

    /// <summary>The server sends no answer.</summary>
    public bool NoWait { get; init; }

    public int ArgumentBytes => 4 + Queue.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out QueueDelete method)
    {
        var reader = new WireReader(payload, Id);
        method = new QueueDelete
        {
            Ticket = reader.UInt16(),
            Queue = reader.ShortString(),
            IfUnused = reader.Bit(),
            IfEmpty = reader.Bit(),
            NoWait = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Queue);
        writer.Bit(IfUnused);
        writer.Bit(IfEmpty);
        writer.Bit(NoWait);
    }
}

/// <summary>
/// queue.delete-ok (50, 41), server to client: the queue is gone.
/// <code>
///  +---------------+
///  | message-count |
///  | u32           |
///  +---------------+
/// </code>
/// </summary>
public readonly ref struct QueueDeleteOk : IMethod<QueueDeleteOk>
{
    public static MethodId Id => MethodId.QueueDeleteOk;

    /// <summary>How many messages went with it.</summary>
    public uint MessageCount { get; init; }

    public int ArgumentBytes => 4;

    public static bool TryRead(ReadOnlySpan<byte> payload, out QueueDeleteOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new QueueDeleteOk
        {
            MessageCount = reader.UInt32(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt32(MessageCount);
    }
}

/// <summary>
/// queue.unbind (50, 50), client to server: removes the binding with exactly these properties; has no no-wait.
/// <code>
///  +--------+----------+----------+-------------+-----------+
///  | ticket | queue    | exchange | routing-key | arguments |
///  | u16    | shortstr | shortstr | shortstr    | table     |
///  +--------+----------+----------+-------------+-----------+
/// </code>
/// </summary>
public readonly ref struct QueueUnbind : IMethod<QueueUnbind>
{
    public static MethodId Id => MethodId.QueueUnbind;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    /// <summary>Empty for the queue last declared on the channel.</summary>
    public ReadOnlySpan<byte> Queue { get; init; }

    public ReadOnlySpan<byte> Exchange { get; init; }

    public ReadOnlySpan<byte> RoutingKey { get; init; }

    /// <summary>As in the bind.</summary>
    public ReadOnlySpan<byte> Arguments { get; init; }

    public int ArgumentBytes => 9 + Queue.Length + Exchange.Length + RoutingKey.Length + Arguments.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out QueueUnbind method)
    {
        var reader = new WireReader(payload, Id);
        method = new QueueUnbind
        {
            Ticket = reader.UInt16(),
            Queue = reader.ShortString(),
            Exchange = reader.ShortString(),
            RoutingKey = reader.ShortString(),
            Arguments = reader.Table(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Queue);
        writer.ShortString(Exchange);
        writer.ShortString(RoutingKey);
        writer.LongString(Arguments);
    }
}

/// <summary>
/// queue.unbind-ok (50, 51), server to client: the binding is gone.
/// </summary>
public readonly ref struct QueueUnbindOk : IMethod<QueueUnbindOk>
{
    public static MethodId Id => MethodId.QueueUnbindOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out QueueUnbindOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}
