using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Workloads;

/// <summary>Who publishes and who consumes in a flow of messages, in the terms of one protocol.</summary>
internal abstract class FlowTopology
{
    /// <summary>Unacknowledged deliveries a consumer, where it acknowledges.</summary>
    public const ushort Prefetch = 1000;

    /// <summary>Unconfirmed messages a publisher, where they are confirmed.</summary>
    protected const int ConfirmWindowSize = 1000;

    public abstract Protocol Protocol { get; }

    public abstract int Publishers { get; }

    public abstract int Consumers { get; }

    /// <summary>How often each message is delivered.</summary>
    public abstract int DeliveriesPerMessage { get; }

    /// <summary>The most messages in flight that the broker's own limits allow.</summary>
    public virtual int InFlightMax => int.MaxValue;

    /// <summary>Prepares the broker for the connections.</summary>
    public abstract void Declare(Broker broker);

    /// <summary>Opens a connection that consumes.</summary>
    public abstract FlowConsumer OpenConsumer(
        Broker broker, int consumer, Counter delivered, LatencyRecorder? latency = null);

    /// <summary>Opens a connection that is ready to publish.</summary>
    /// <param name="broker">Where to.</param>
    /// <param name="publisher">Which publisher.</param>
    /// <param name="published">Counts.</param>
    /// <param name="confirmWindow">Unconfirmed messages where they are confirmed.</param>
    public abstract Publisher OpenPublisher(
        Broker broker, int publisher, Counter published, int confirmWindow = ConfirmWindowSize);
}
