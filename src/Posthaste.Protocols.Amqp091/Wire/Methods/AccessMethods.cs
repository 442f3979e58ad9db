namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// Access tickets of AMQP 0-8, which old clients still ask for and nothing uses.

/// <summary>
/// access.request (30, 10), client to server: asks for a ticket.
/// <code>
///  +----------+-------------------------------------+
///  | realm    | exclusive passive active write read |
///  | shortstr | bits 0-4 of u8                      |
///  +----------+-------------------------------------+
/// </code>
/// </summary>
public readonly ref struct AccessRequest : IMethod<AccessRequest>
{
    public static MethodId Id => MethodId.AccessRequest;

    public ReadOnlySpan<byte> Realm { get; init; }

    public bool Exclusive { get; init; }

    public bool Passive { get; init; }

    public bool Active { get; init; }

    public bool Write { get; init; }

    public bool Read { get; init; }

    public int ArgumentBytes => 2 + Realm.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out AccessRequest method)
    {
        var reader = new WireReader(payload, Id);
        method = new AccessRequest
        {
            Realm = reader.ShortString(),
            Exclusive = reader.Bit(),
            Passive = reader.Bit(),
            Active = reader.Bit(),
            Write = reader.Bit(),
            Read = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(Realm);
        writer.Bit(Exclusive);
        writer.Bit(Passive);
        writer.Bit(Active);
        writer.Bit(Write);
        writer.Bit(Read);
    }
}

/// <summary>
/// access.request-ok (30, 11), server to client: a ticket.
/// <code>
///  +--------+
///  | ticket |
///  | u16    |
///  +--------+
/// </code>
/// </summary>
public readonly ref struct AccessRequestOk : IMethod<AccessRequestOk>
{
    public static MethodId Id => MethodId.AccessRequestOk;

    /// <summary>Any number; 1 by custom.</summary>
    public ushort Ticket { get; init; }

    public int ArgumentBytes => 2;

    public static bool TryRead(ReadOnlySpan<byte> payload, out AccessRequestOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new AccessRequestOk
        {
            Ticket = reader.UInt16(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(Ticket);
    }
}
