using System.Text;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>BEGIN, COMMIT and ABORT.</summary>
internal sealed partial class StompSession
{
    private Dictionary<string, StompTransaction>? _transactions;

    private StompError Begin(scoped in StompFrame frame, ReadScope scope)
    {
        if (!TryGetName(frame, out var name))
            return NoName(frame.Command);
        _transactions ??= new(StringComparer.Ordinal);
        if (_transactions.Count >= _limits.TransactionsMax)
            return new("Transaction limit exceeded", $"at most {_limits.TransactionsMax} are open at a time");
        if (!_transactions.TryAdd(name, new StompTransaction(Host.BeginTransaction(Connection.Opened))))
            return new("Bad transaction", $"transaction '{name}' has begun already");
        ReceiptAtOnce(frame, scope);
        return default;
    }

    private StompError Commit(scoped in StompFrame frame, ReadScope scope)
    {
        if (!TryGetName(frame, out var name))
            return NoName(frame.Command);
        if (_transactions is null || !_transactions.Remove(name, out var transaction))
            return Unknown(name);
        var number = frame.Has(KnownHeader.Receipt) ? Receipts.Expect(frame.Raw(KnownHeader.Receipt)) : 0;
        transaction.Commit(new CommitReply(Connection, Receipts, number));
        return default;
    }

    private StompError Abort(scoped in StompFrame frame, ReadScope scope)
    {
        if (!TryGetName(frame, out var name))
            return NoName(frame.Command);
        if (_transactions is null || !_transactions.Remove(name, out var transaction))
            return Unknown(name);
        Abort(transaction);
        ReceiptAtOnce(frame, scope);
        return default;
    }

    /// <summary>Makes the deliveries that a transaction has settled unacknowledged again.</summary>
    private void Abort(StompTransaction transaction)
    {
        foreach (var ofOne in transaction.Abort().GroupBy(static delivery => delivery.Owner))
        {
            var subscription = (StompSubscription)ofOne.Key;
            lock (Output.Gate)
            {
                subscription.Restore([.. ofOne]);
                UnackedCount += ofOne.Count();
                _byNumber.TryAdd(subscription.Number, subscription);
            }
        }
    }

    private void EndTransactions()
    {
        foreach (var transaction in _transactions?.Values ?? Enumerable.Empty<StompTransaction>())
            Abort(transaction);
        _transactions = null;
    }

    /// <summary>The transaction that a frame is part of; null for none.</summary>
    private StompError FindTransaction(scoped in StompFrame frame, out StompTransaction? transaction)
    {
        transaction = null;
        if (!frame.Has(KnownHeader.Transaction))
            return default;
        TryGetName(frame, out var name);
        return _transactions is not null && _transactions.TryGetValue(name, out transaction) ? default : Unknown(name);
    }

    /// <summary>Whether the open transactions may grow by one action with so many bytes.</summary>
    private StompError CheckRoom(int bytes)
    {
        var actions = 0;
        var used = (long)bytes;
        foreach (var transaction in _transactions!.Values)
        {
            actions += transaction.ActionCount;
            used += transaction.Bytes;
        }

        if (actions >= _limits.TransactionActionsMax)
            return TooLarge($"{_limits.TransactionActionsMax} messages and acknowledgements");
        return used <= _limits.TransactionBytesMax ? default : TooLarge($"{_limits.TransactionBytesMax} bytes");
    }

    private static bool TryGetName(scoped in StompFrame frame, out string name)
    {
        name = Encoding.UTF8.GetString(frame.Value(KnownHeader.Transaction));
        return frame.Has(KnownHeader.Transaction);
    }

    private static StompError NoName(StompCommand command) =>
        new("Missing transaction", $"{command.WireName()} must include a 'transaction' header");

    private static StompError Unknown(string name) =>
        new("Bad transaction", $"Invalid transaction identifier: {name}");

    private static StompError TooLarge(string max) =>
        new("Transaction too large", $"the open transactions of a connection hold at most {max}");
}
