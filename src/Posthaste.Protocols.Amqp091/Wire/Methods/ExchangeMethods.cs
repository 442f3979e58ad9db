namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// Exchanges: declaring, deleting, and binding them to one another.

/// <summary>
/// exchange.declare (40, 10), client to server: creates an exchange or checks that it is there as described.
/// <code>
///  +--------+----------+----------+----------------------------------------------+-----------+
///  | ticket | exchange | type     | passive durable auto-delete internal no-wait | arguments |
///  | u16    | shortstr | shortstr | bits 0-4 of u8                               | table     |
///  +--------+----------+----------+----------------------------------------------+-----------+
/// </code>
/// </summary>
public readonly ref struct ExchangeDeclare : IMethod<ExchangeDeclare>
{
    public static MethodId Id => MethodId.ExchangeDeclare;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    public ReadOnlySpan<byte> Exchange { get; init; }

    /// <summary><c>direct</c>, <c>fanout</c>, <c>topic</c>, <c>headers</c> or an extension's.</summary>
    public ReadOnlySpan<byte> Type { get; init; }

    /// <summary>Only check that it exists.</summary>
    public bool Passive { get; init; }

    public bool Durable { get; init; }

    /// <summary>Delete with its last binding.</summary>
    public bool AutoDelete { get; init; }

    /// <summary>Takes messages from other exchanges only.</summary>
    public bool Internal { get; init; }

    /// <summary>The server sends no answer.</summary>
    public bool NoWait { get; init; }

    /// <summary>Optional settings, such as alternate-exchange.</summary>
    public ReadOnlySpan<byte> Arguments { get; init; }

    public int ArgumentBytes => 9 + Exchange.Length + Type.Length + Arguments.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ExchangeDeclare method)
    {
        var reader = new WireReader(payload, Id);
        method = new ExchangeDeclare
        {
            Ticket = reader.UInt16(),
            Exchange = reader.ShortString(),
            Type = reader.ShortString(),
            Passive = reader.Bit(),
            Durable = reader.Bit(),
            AutoDelete = reader.Bit(),
            Internal = reader.Bit(),
            NoWait = reader.Bit(),
            Arguments = reader.Table(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Exchange);
        writer.ShortString(Type);
        writer.Bit(Passive);
        writer.Bit(Durable);
        writer.Bit(AutoDelete);
        writer.Bit(Internal);
        writer.Bit(NoWait);
        writer.LongString(Arguments);
    }
}

/// <summary>
/// exchange.declare-ok (40, 11), server to client: the exchange is there.
/// </summary>
public readonly ref struct ExchangeDeclareOk : IMethod<ExchangeDeclareOk>
{
    public static MethodId Id => MethodId.ExchangeDeclareOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ExchangeDeclareOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// exchange.delete (40, 20), client to server: deletes an exchange.
/// <code>
///  +--------+----------+-------------------+
///  | ticket | exchange | if-unused no-wait |
///  | u16    | shortstr | bits 0-1 of u8    |
///  +--------+----------+-------------------+
/// </code>
/// </summary>
public readonly ref struct ExchangeDelete : IMethod<ExchangeDelete>
{
    public static MethodId Id => MethodId.ExchangeDelete;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    public ReadOnlySpan<byte> Exchange { get; init; }

    /// <summary>Only if nothing is bound to it.</summary>
    public bool IfUnused { get; init; }

    /// <summary>The server sends no answer.</summary>
    public bool NoWait { get; init; }

    public int ArgumentBytes => 4 + Exchange.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ExchangeDelete method)
    {
        var reader = new WireReader(payload, Id);
        method = new ExchangeDelete
        {
            Ticket = reader.UInt16(),
            Exchange = reader.ShortString(),
            IfUnused = reader.Bit(),
            NoWait = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Exchange);
        writer.Bit(IfUnused);
        writer.Bit(NoWait);
    }
}

/// <summary>
/// exchange.delete-ok (40, 21), server to client: the exchange is gone.
/// </summary>
public readonly ref struct ExchangeDeleteOk : IMethod<ExchangeDeleteOk>
{
    public static MethodId Id => MethodId.ExchangeDeleteOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ExchangeDeleteOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// exchange.bind (40, 30), client to server: (RabbitMQ) lets messages flow from one exchange to another.
/// <code>
///  +--------+-------------+----------+-------------+-------------+-----------+
///  | ticket | destination | source   | routing-key | no-wait     | arguments |
///  | u16    | shortstr    | shortstr | shortstr    | bit 0 of u8 | table     |
///  +--------+-------------+----------+-------------+-------------+-----------+
/// </code>
/// </summary>
public readonly ref struct ExchangeBind : IMethod<ExchangeBind>
{
    public static MethodId Id => MethodId.ExchangeBind;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    public ReadOnlySpan<byte> Destination { get; init; }

    public ReadOnlySpan<byte> Source { get; init; }

    public ReadOnlySpan<byte> RoutingKey { get; init; }

    /// <summary>The server sends no answer.</summary>
    public bool NoWait { get; init; }

    /// <summary>What the exchange type asks for, such as headers to match.</summary>
    public ReadOnlySpan<byte> Arguments { get; init; }

    public int ArgumentBytes => 10 + Destination.Length + Source.Length + RoutingKey.Length + Arguments.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ExchangeBind method)
    {
        var reader = new WireReader(payload, Id);
        method = new ExchangeBind
        {
            Ticket = reader.UInt16(),
            Destination = reader.ShortString(),
            Source = reader.ShortString(),
            RoutingKey = reader.ShortString(),
            NoWait = reader.Bit(),
            Arguments = reader.Table(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Destination);
        writer.ShortString(Source);
        writer.ShortString(RoutingKey);
        writer.Bit(NoWait);
        writer.LongString(Arguments);
    }
}

/// <summary>
/// exchange.bind-ok (40, 31), server to client: the binding is there.
/// </summary>
public readonly ref struct ExchangeBindOk : IMethod<ExchangeBindOk>
{
    public static MethodId Id => MethodId.ExchangeBindOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ExchangeBindOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// exchange.unbind (40, 40), client to server: (RabbitMQ) removes the binding with exactly these properties.
/// <code>
///  +--------+-------------+----------+-------------+-------------+-----------+
///  | ticket | destination | source   | routing-key | no-wait     | arguments |
///  | u16    | shortstr    | shortstr | shortstr    | bit 0 of u8 | table     |
///  +--------+-------------+----------+-------------+-------------+-----------+
/// </code>
/// </summary>
public readonly ref struct ExchangeUnbind : IMethod<ExchangeUnbind>
{
    public static MethodId Id => MethodId.ExchangeUnbind;

    /// <summary>A leftover of AMQP 0-8 access control; ignored.</summary>
    public ushort Ticket { get; init; }

    public ReadOnlySpan<byte> Destination { get; init; }

    public ReadOnlySpan<byte> Source { get; init; }

    public ReadOnlySpan<byte> RoutingKey { get; init; }

    /// <summary>The server sends no answer.</summary>
    public bool NoWait { get; init; }

    /// <summary>As in the bind.</summary>
    public ReadOnlySpan<byte> Arguments { get; init; }

    public int ArgumentBytes => 10 + Destination.Length + Source.Length + RoutingKey.Length + Arguments.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ExchangeUnbind method)
    {
        var reader = new WireReader(payload, Id);
        method = new ExchangeUnbind
        {
            Ticket = reader.UInt16(),
            Destination = reader.ShortString(),
            Source = reader.ShortString(),
            RoutingKey = reader.ShortString(),
            NoWait = reader.Bit(),
            Arguments = reader.Table(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
        writer.ShortString(Destination);
        writer.ShortString(Source);
        writer.ShortString(RoutingKey);
        writer.Bit(NoWait);
        writer.LongString(Arguments);
    }
}

/// <summary>
/// exchange.unbind-ok (40, 51), server to client: the binding is gone; 51, not 41, by an accident that became the
/// protocol.
/// </summary>
public readonly ref struct ExchangeUnbindOk : IMethod<ExchangeUnbindOk>
{
    public static MethodId Id => MethodId.ExchangeUnbindOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ExchangeUnbindOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}
