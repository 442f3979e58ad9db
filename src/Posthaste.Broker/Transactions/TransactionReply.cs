using Posthaste.Broker.Pipeline;

namespace Posthaste.Broker.Transactions;

/// <summary>Answers a commit, once what it did is durable and applied.</summary>
public abstract class TransactionReply : PipelineCallback
{
    /// <summary>
    /// Messages that a full queue refused, by <see cref="Publishing.OutgoingPublish.Seq"/>, in the order of
    /// publishing. They went to the other queues of their routes, if any; everything else of the transaction holds.
    /// Set when <see cref="TransactionBuffer.Commit"/> returns, and not changed afterwards.
    /// </summary>
    public IReadOnlyList<ulong> Refused { get; internal set; } = [];
}
