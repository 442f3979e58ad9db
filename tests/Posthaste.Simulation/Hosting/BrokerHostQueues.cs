using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Queues;
using Posthaste.Primitives;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;

namespace Posthaste.Simulation.Hosting;

/// <summary>Short words for what is done to queues again and again.</summary>
internal static class BrokerHostQueues
{
    public static BrokerQueue Declare(
        this BrokerHost host, string name, FieldTable? arguments = null, bool durable = true)
    {
        var result = host.TryDeclare(name, arguments ?? FieldTable.Empty, durable);
        Checks.Require(result.Error is null, result.Error?.Text ?? "");
        return result.Queue!;
    }

    public static CatalogResult TryDeclare(this BrokerHost host, string name, FieldTable arguments, bool durable) =>
        host.Host.DeclareQueue(
            name, passive: false, durable, exclusive: false, autoDelete: false, arguments, host.Connection);

    public static BrokerQueue Queue(this BrokerHost host, string name)
    {
        Checks.Require(host.Host.TryGetQueue(Encoding.UTF8.GetBytes(name), out var queue), $"there is no queue {name}");
        return queue;
    }

    public static RecordingSubscription Consume(
        this BrokerHost host, string queue, ushort prefetch = 0, bool noAck = false)
    {
        var subscription = new RecordingSubscription { PrefetchMax = prefetch, NoAck = noAck };
        var refusal = host.Queue(queue).Consume(subscription, FlushSet.ForThisThread);
        Checks.Require(refusal == Core.Queues.ConsumerRefusal.None, "the consumer was refused");
        return subscription;
    }

    public static void Cancel(this BrokerHost host, string queue, RecordingSubscription subscription) =>
        host.Queue(queue).Cancel(subscription, FlushSet.ForThisThread);

    /// <summary>Takes everything out of a queue, acknowledged, and says what it was.</summary>
    public static IReadOnlyList<Received> Drain(this BrokerHost host, string queue)
    {
        var subscription = host.Consume(queue);
        do host.Idle();
        while (subscription.Settle(host.Queue(queue)) > 0);
        host.Cancel(queue, subscription);
        return subscription.All;
    }

    public static IReadOnlyList<string> DrainBodies(this BrokerHost host, string queue) =>
        [.. host.Drain(queue).Select(received => received.Body)];
}
