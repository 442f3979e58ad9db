namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// Transactions of publishes and settlements on one channel.

/// <summary>
/// tx.select (90, 10), client to server: makes the channel transactional.
/// </summary>
public readonly ref struct TxSelect : IMethod<TxSelect>
{
    public static MethodId Id => MethodId.TxSelect;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out TxSelect method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// tx.select-ok (90, 11), server to client: it is.
/// </summary>
public readonly ref struct TxSelectOk : IMethod<TxSelectOk>
{
    public static MethodId Id => MethodId.TxSelectOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out TxSelectOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// tx.commit (90, 20), client to server: makes all since the last commit or rollback happen.
/// </summary>
public readonly ref struct TxCommit : IMethod<TxCommit>
{
    public static MethodId Id => MethodId.TxCommit;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out TxCommit method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// tx.commit-ok (90, 21), server to client: it happened, durably.
/// </summary>
public readonly ref struct TxCommitOk : IMethod<TxCommitOk>
{
    public static MethodId Id => MethodId.TxCommitOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out TxCommitOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// tx.rollback (90, 30), client to server: forgets all since the last commit or rollback.
/// </summary>
public readonly ref struct TxRollback : IMethod<TxRollback>
{
    public static MethodId Id => MethodId.TxRollback;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out TxRollback method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}

/// <summary>
/// tx.rollback-ok (90, 31), server to client: it is forgotten.
/// </summary>
public readonly ref struct TxRollbackOk : IMethod<TxRollbackOk>
{
    public static MethodId Id => MethodId.TxRollbackOk;

    public int ArgumentBytes => 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out TxRollbackOk method)
    {
        method = default;
        return new WireReader(payload, Id).IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
    }
}
