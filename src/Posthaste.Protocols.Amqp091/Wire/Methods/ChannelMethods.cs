namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// Channels: independent conversations within one connection.

/// <summary>
/// channel.open (20, 10), client to server: opens the channel that the frame names.
/// <code>
///  +-------------+
///  | out-of-band |
///  | shortstr    |
///  +-------------+
/// </code>
/// </summary>
public readonly ref struct ChannelOpen : IMethod<ChannelOpen>
{
    public static MethodId Id => MethodId.ChannelOpen;

    /// <summary>Unused since AMQP 0-9.</summary>
    public ReadOnlySpan<byte> OutOfBand { get; init; }

    public int ArgumentBytes => 1 + OutOfBand.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ChannelOpen method)
    {
        var reader = new WireReader(payload, Id);
        method = new ChannelOpen
        {
            OutOfBand = reader.ShortString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(OutOfBand);
    }
}

/// <summary>
/// channel.open-ok (20, 11), server to client: the channel is open.
/// <code>
///  +------------+
///  | channel-id |
///  | longstr    |
///  +------------+
/// </code>
/// </summary>
public readonly ref struct ChannelOpenOk : IMethod<ChannelOpenOk>
{
    public static MethodId Id => MethodId.ChannelOpenOk;

    /// <summary>Unused since AMQP 0-9; empty.</summary>
    public ReadOnlySpan<byte> ChannelId { get; init; }

    public int ArgumentBytes => 4 + ChannelId.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ChannelOpenOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new ChannelOpenOk
        {
            ChannelId = reader.LongString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.LongString(ChannelId);
    }
}

/// <summary>
/// channel.flow (20, 20), both ways: asks the peer to pause or to resume sending content.
/// <code>
///  +-------------+
///  | active      |
///  | bit 0 of u8 |
///  +-------------+
/// </code>
/// </summary>
public readonly ref struct ChannelFlow : IMethod<ChannelFlow>
{
    public static MethodId Id => MethodId.ChannelFlow;

    /// <summary>False to pause.</summary>
    public bool Active { get; init; }

    public int ArgumentBytes => 1;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ChannelFlow method)
    {
        var reader = new WireReader(payload, Id);
        method = new ChannelFlow
        {
            Active = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.Bit(Active);
    }
}

/// <summary>
/// channel.flow-ok (20, 21), both ways: the request was taken note of.
/// <code>
///  +-------------+
///  | active      |
///  | bit 0 of u8 |
///  +-------------+
/// </code>
/// </summary>
public readonly ref struct ChannelFlowOk : IMethod<ChannelFlowOk>
{
    public static MethodId Id => MethodId.ChannelFlowOk;

    /// <summary>As asked.</summary>
    public bool Active { get; init; }

    public int ArgumentBytes => 1;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ChannelFlowOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new ChannelFlowOk
        {
            Active = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.Bit(Active);
    }
}

/// <summary>
/// channel.close (20, 40), both ways: the sender closes the channel and ignores all on it but close-ok.
/// <code>
///  +------------+------------+----------+-----------+
///  | reply-code | reply-text | class-id | method-id |
///  | u16        | shortstr   | u16      | u16       |
///  +------------+------------+----------+-----------+
/// </code>
/// </summary>
public readonly ref struct ChannelClose : IMethod<ChannelClose>
{
    public static MethodId Id => MethodId.ChannelClose;

    /// <summary>A <see cref="Wire.ReplyCode"/>, or a code of the peer's own.</summary>
    public ushort ReplyCode { get; init; }

    /// <summary>For people.</summary>
    public ReadOnlySpan<byte> ReplyText { get; init; }

    /// <summary>Class of the method that failed; 0 if none did.</summary>
    public ushort FailedClass { get; init; }

    /// <summary>Number of the method that failed within its class.</summary>
    public ushort FailedMethod { get; init; }

    public int ArgumentBytes => 7 + ReplyText.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ChannelClose method)
    {
        var reader = new WireReader(payload, Id);
        method = new ChannelClose
        {
            ReplyCode = reader.UInt16(),
            ReplyText = reader.ShortString(),
            FailedClass = reader.UInt16(),
            FailedMethod = reader.UInt16(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(ReplyCode);
        writer.ShortString(ReplyText);
        writer.UInt16(FailedClass);
        writer.UInt16(FailedMethod);
    }
}

/// <summary>
/// channel.close-ok (20, 41), both ways: the channel is closed; its number is free.
/// </summary>
public readonly ref struct ChannelCloseOk : IMethod<ChannelCloseOk>
{
    public static MethodId Id => MethodId.ChannelCloseOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ChannelCloseOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}
