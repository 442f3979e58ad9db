using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Publishing;

/// <summary>
/// Asks full queues with a refusing policy (`reject-publish`, `reject-publish-dlx`) before a message is on its way:
/// what is in the journal is in the queue, so no queue has to refuse later.
/// </summary>
internal static class Admission
{
    /// <summary>
    /// Lets the message through to the queues that take it. When one refuses the publisher gets its negative
    /// acknowledgement at once, and the message still goes to the others, as in RabbitMQ.
    /// </summary>
    /// <returns>False when no queue is left: the message is done with.</returns>
    public static bool TryAdmit(ref OutgoingPublish item, MessageBroker broker, FlushSet flushes)
    {
        var queues = item.Route.Queues;
        List<BrokerQueue>? admitted = null;
        for (var i = 0; i < queues.Length; i++)
        {
            if (queues[i].TryAdmit(item.BodyLength))
            {
                admitted?.Add(queues[i]);
                continue;
            }

            admitted ??= [.. queues.AsSpan(0, i)];
            if (queues[i].Machine.Settings.Overflow == OverflowPolicy.RejectPublishDeadLetter)
            {
                broker.DeadLetterer.TransferRefused(queues[i], in item);
            }
        }

        if (admitted is null) return true;
        item.Source?.Handled(item.Seq, item.Seq, accepted: false, flushes);
        item.Source = null;
        item.Route = item.Route.With([.. admitted]);
        return admitted.Count > 0;
    }
}
