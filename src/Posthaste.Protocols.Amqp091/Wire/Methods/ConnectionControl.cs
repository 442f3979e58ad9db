namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// An open connection: closing it, resource alarms and new credentials.

/// <summary>
/// connection.close (10, 50), both ways: the sender closes the connection and reads on only for close-ok.
/// <code>
///  +------------+------------+----------+-----------+
///  | reply-code | reply-text | class-id | method-id |
///  | u16        | shortstr   | u16      | u16       |
///  +------------+------------+----------+-----------+
/// </code>
/// </summary>
public readonly ref struct ConnectionClose : IMethod<ConnectionClose>
{
    public static MethodId Id => MethodId.ConnectionClose;

    /// <summary>A <see cref="Wire.ReplyCode"/>, or a code of the peer's own.</summary>
    public ushort ReplyCode { get; init; }

    /// <summary>For people.</summary>
    public ReadOnlySpan<byte> ReplyText { get; init; }

    /// <summary>Class of the method that failed; 0 if none did.</summary>
    public ushort FailedClass { get; init; }

    /// <summary>Number of the method that failed within its class.</summary>
    public ushort FailedMethod { get; init; }

    public int ArgumentBytes => 7 + ReplyText.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionClose method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionClose
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
/// connection.close-ok (10, 51), both ways: the last method of a connection.
/// </summary>
public readonly ref struct ConnectionCloseOk : IMethod<ConnectionCloseOk>
{
    public static MethodId Id => MethodId.ConnectionCloseOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionCloseOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// connection.blocked (10, 60), server to client: (RabbitMQ) publishes are not read for now; only to clients with
/// the capability connection.blocked.
/// <code>
///  +----------+
///  | reason   |
///  | shortstr |
///  +----------+
/// </code>
/// </summary>
public readonly ref struct ConnectionBlocked : IMethod<ConnectionBlocked>
{
    public static MethodId Id => MethodId.ConnectionBlocked;

    /// <summary>For people.</summary>
    public ReadOnlySpan<byte> Reason { get; init; }

    public int ArgumentBytes => 1 + Reason.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionBlocked method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionBlocked
        {
            Reason = reader.ShortString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(Reason);
    }
}

/// <summary>
/// connection.unblocked (10, 61), server to client: (RabbitMQ) publishes are read again.
/// </summary>
public readonly ref struct ConnectionUnblocked : IMethod<ConnectionUnblocked>
{
    public static MethodId Id => MethodId.ConnectionUnblocked;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionUnblocked method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// connection.update-secret (10, 70), client to server: (RabbitMQ) new credentials, such as a refreshed token.
/// <code>
///  +------------+----------+
///  | new-secret | reason   |
///  | longstr    | shortstr |
///  +------------+----------+
/// </code>
/// </summary>
public readonly ref struct ConnectionUpdateSecret : IMethod<ConnectionUpdateSecret>
{
    public static MethodId Id => MethodId.ConnectionUpdateSecret;

    public ReadOnlySpan<byte> NewSecret { get; init; }

    /// <summary>For the log.</summary>
    public ReadOnlySpan<byte> Reason { get; init; }

    public int ArgumentBytes => 5 + NewSecret.Length + Reason.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionUpdateSecret method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionUpdateSecret
        {
            NewSecret = reader.LongString(),
            Reason = reader.ShortString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.LongString(NewSecret);
        writer.ShortString(Reason);
    }
}

/// <summary>
/// connection.update-secret-ok (10, 71), server to client: the new credentials hold.
/// </summary>
public readonly ref struct ConnectionUpdateSecretOk : IMethod<ConnectionUpdateSecretOk>
{
    public static MethodId Id => MethodId.ConnectionUpdateSecretOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionUpdateSecretOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}
