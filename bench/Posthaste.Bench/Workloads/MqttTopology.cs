using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;
using Posthaste.Bench.Mqtt;

namespace Posthaste.Bench.Workloads;

/// <summary>A flow of MQTT 3.1.1: each publisher has a topic, every subscriber takes them all.</summary>
internal sealed record MqttSpec
{
    public int BodyBytes { get; init; } = MessageRing.BodyBytesMin;

    /// <summary>0 or 1, of publishes and subscriptions.</summary>
    public int QoS { get; init; }

    public int Publishers { get; init; } = 1;

    public int Subscribers { get; init; } = 1;

    /// <summary>Whether the subscribers' sessions outlive their connections.</summary>
    public bool DurableSessions { get; init; }

    /// <summary>The most messages in flight; see <see cref="FlowTopology.InFlightMax"/>.</summary>
    public int InFlightMax { get; init; } = int.MaxValue;
}

/// <summary>Opens the connections of a flow of MQTT.</summary>
internal sealed class MqttTopology(MqttSpec spec) : FlowTopology
{
    private const string AllTopics = "bench/+";

    public override Protocol Protocol => Protocol.Mqtt;

    public override int Publishers => spec.Publishers;

    public override int Consumers => spec.Subscribers;

    public override int DeliveriesPerMessage => spec.Subscribers;

    public override int InFlightMax => spec.InFlightMax;

    public override void Declare(Broker broker)
    {
        // Subscribing is all there is to declare.
    }

    public override FlowConsumer OpenConsumer(
        Broker broker, int consumer, Counter delivered, LatencyRecorder? latency = null)
    {
        MqttConnection connection =
            MqttConnection.Open(broker.EndPoint, $"bench-subscriber-{consumer}", spec.DurableSessions);
        connection.Subscribe(AllTopics, spec.QoS);
        SequenceCheck[] checks =
        [
            .. Enumerable.Range(0, spec.Publishers).Select(publisher =>
                new SequenceCheck($"subscriber {consumer}, {MqttConsumer.Topic(publisher)}", gapless: true)),
        ];
        return new MqttConsumer(connection, checks, delivered, latency);
    }

    public override Publisher OpenPublisher(
        Broker broker, int publisher, Counter published, int confirmWindow = ConfirmWindowSize) => new(
            MqttConnection.Open(broker.EndPoint, $"bench-publisher-{publisher}"),
            new MqttRing(MqttConsumer.Topic(publisher), spec.BodyBytes, spec.QoS),
            new MqttAnswers(spec.QoS > 0 ? new ConfirmWindow(confirmWindow) : null),
            published);
}
