using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Publishing;

/// <summary>Which of a message's queues have let it in.</summary>
internal enum Admitted
{
    ByAll,
    BySome,
    ByNone,
}

/// <summary>
/// Asks full queues with a refusing policy (`reject-publish`, `reject-publish-dlx`) before a message is on its way:
/// what is in the journal is in the queue, so no queue has to refuse later.
/// </summary>
internal static class Admission
{
    /// <summary>
    /// Leaves the queues that take the message in its route. A message that one of them refuses still goes to the
    /// others, as in RabbitMQ; whoever published it is to be told that it was refused.
    /// </summary>
    public static Admitted Ask(ref OutgoingPublish item, MessageBroker broker)
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

        if (admitted is null) return Admitted.ByAll;
        item.Route = item.Route.With([.. admitted]);
        return admitted.Count > 0 ? Admitted.BySome : Admitted.ByNone;
    }
}
