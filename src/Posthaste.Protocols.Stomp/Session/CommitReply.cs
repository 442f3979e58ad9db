using Posthaste.Broker;
using Posthaste.Broker.Transactions;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>
/// Answers a COMMIT once it is durable: by its receipt if one was asked for. A message that a full queue refused, or a
/// journal that cannot be written, ends the connection either way; everything else of the transaction holds.
/// </summary>
/// <param name="connection">Whose it is.</param>
/// <param name="receipts">Where the receipt is due.</param>
/// <param name="number">The receipt's number; 0 if none was asked for.</param>
internal sealed class CommitReply(StompConnection connection, Receipts receipts, ulong number) : TransactionReply
{
    protected override void Applied(bool durable, FlushSet flushes)
    {
        var isAccepted = durable && Refused.Count == 0;
        if (number != 0)
            receipts.Report(number, number, isAccepted, flushes);
        else if (!isAccepted)
            connection.OnRefused([]);
    }
}
