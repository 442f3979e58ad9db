using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;
using Posthaste.Bench.Stomp;

namespace Posthaste.Bench.Workloads;

/// <summary>
/// A flow of STOMP 1.2: one publisher, one queue, one subscriber. Persistent: receipts, acknowledgements in bulk.
/// </summary>
internal sealed class StompTopology(int bodyBytes, bool persistent) : FlowTopology
{
    private const string Destination = "/queue/bench.queue.0";

    public override Protocol Protocol => Protocol.Stomp;

    public override int Publishers => 1;

    public override int Consumers => 1;

    public override int DeliveriesPerMessage => 1;

    public override void Declare(Broker broker)
    {
        // Subscribing declares the queue.
    }

    public override FlowConsumer OpenConsumer(
        Broker broker, int consumer, Counter delivered, LatencyRecorder? latency = null)
    {
        StompConnection connection = StompConnection.Open(broker.EndPoint);
        connection.Subscribe(Destination, persistent ? $"ack:client\nprefetch-count:{Prefetch}\n" : "ack:auto\n");
        SequenceCheck check = new(Destination, gapless: true);
        return new StompConsumer(connection, check, persistent ? Prefetch / 2 : 0, delivered);
    }

    public override Publisher OpenPublisher(
        Broker broker, int publisher, Counter published, int confirmWindow = ConfirmWindowSize) => new(
            StompConnection.Open(broker.EndPoint),
            new StompRing(Destination, bodyBytes, persistent),
            new StompAnswers(persistent ? new ConfirmWindow(confirmWindow) : null),
            published);
}
