using Posthaste.Bench.Brokers;

namespace Posthaste.Bench.Workloads;

/// <summary>All workloads, in the order in which they run.</summary>
internal static class Catalog
{
    private const int OneKiB = 1024;

    // mosquitto keeps at most 1,000 messages of QoS 1 for a session by default and drops what is beyond.
    private const int MosquittoQueueMax = 1000;

    public static IReadOnlyList<Workload> All { get; } =
    [
        new FlowWorkload(
            "transient-16",
            "16 B, 1 publisher, 1 consumer, automatic acknowledgement",
            new AmqpTopology(new AmqpSpec { BodyBytes = 16 })),
        new FlowWorkload(
            "transient-1k",
            "1 KiB, 1 publisher, 1 consumer, automatic acknowledgement",
            new AmqpTopology(new AmqpSpec { BodyBytes = OneKiB })),
        new FlowWorkload(
            "persistent-1k",
            "1 KiB persistent, confirm window 1,000, manual acknowledgement, prefetch 1,000",
            new AmqpTopology(new AmqpSpec { BodyBytes = OneKiB, Persistent = true })),
        new FlowWorkload(
            "persistent-1k-quorum",
            "the same on a quorum queue",
            new AmqpTopology(new AmqpSpec { BodyBytes = OneKiB, Persistent = true, QueueType = "quorum" })),
        new FlowWorkload(
            "persistent-1k-4x4",
            "persistent-1k with 4 publishers, 4 queues, 4 consumers",
            new AmqpTopology(new AmqpSpec { BodyBytes = OneKiB, Persistent = true, Publishers = 4, Queues = 4 })),
        new FlowWorkload(
            "fanout-10",
            "1 KiB, 1 publisher, fanout exchange to 10 queues, a consumer connection each; counts deliveries",
            new AmqpTopology(new AmqpSpec { BodyBytes = OneKiB, Routing = Routing.Fanout, Queues = 10 })),
        new FlowWorkload(
            "topic",
            "1 KiB, topic exchange, 100 bindings *.siteN.unitM.# over 10 queues, 1 matches, 1 consumer connection",
            new AmqpTopology(new AmqpSpec
            {
                BodyBytes = OneKiB,
                Routing = Routing.Topic,
                Queues = 10,
                OneConsumerConnection = true,
            })),
        new PacedWorkload(
            "paced-2000",
            "1 KiB persistent with confirms at 2,000 a second: latency from the intended send time",
            messagesPerSecond: 2000,
            new AmqpTopology(new AmqpSpec { BodyBytes = OneKiB, Persistent = true })),
        new BacklogWorkload(
            "backlog", "1 KiB persistent without a consumer; SIGKILL, restart, drain", queueType: null),
        new BacklogWorkload(
            "backlog-quorum", "the same on a quorum queue", queueType: "quorum"),
        new QueuesWorkload(
            "queues-10000", "10,000 durable queues, then one confirmed 1 KiB message into each"),
        new IdleWorkload(
            "idle-5000", "5,000 open connections that do nothing", Protocol.Amqp, connectionCount: 5_000),
        .. Mqtt,
        .. Stomp,
    ];

    private static IEnumerable<Workload> Mqtt =>
    [
        new FlowWorkload("mqtt-qos0-1to1", "MQTT 3.1.1, 16 B, QoS 0", new MqttTopology(new MqttSpec())),
        new FlowWorkload(
            "mqtt-qos0-10to1",
            "the same from 10 publishers with a topic each to 1 subscriber of them all",
            new MqttTopology(new MqttSpec { Publishers = 10 })),
        new FlowWorkload(
            "mqtt-qos0-fanout-100",
            "1 publisher to 100 subscribers; counts deliveries",
            new MqttTopology(new MqttSpec { Subscribers = 100, InFlightMax = 1000 })),
        new FlowWorkload(
            "mqtt-qos1-1to1",
            "QoS 1, 1 publisher with up to 1,000 unanswered, 1 subscriber with a durable session",
            new MqttTopology(new MqttSpec { QoS = 1, DurableSessions = true, InFlightMax = MosquittoQueueMax })),
        new FlowWorkload(
            "mqtt-qos1-fanout-50",
            "QoS 1 to 50 subscribers with clean sessions; counts deliveries",
            new MqttTopology(new MqttSpec { QoS = 1, Subscribers = 50, InFlightMax = MosquittoQueueMax })),
        new PacedWorkload(
            "mqtt-paced-2000",
            "MQTT 3.1.1, 16 B, QoS 0 at 2,000 a second: latency from the intended send time",
            messagesPerSecond: 2000,
            new MqttTopology(new MqttSpec())),
        new IdleWorkload(
            "mqtt-idle-10000", "10,000 open MQTT connections that do nothing", Protocol.Mqtt, connectionCount: 10_000),
    ];

    private static IEnumerable<Workload> Stomp =>
    [
        new FlowWorkload(
            "stomp-1k", "STOMP 1.2, 1 KiB, automatic acknowledgement", new StompTopology(OneKiB, persistent: false)),
        new FlowWorkload(
            "stomp-persistent-receipts",
            "1 KiB persistent, up to 1,000 receipts outstanding, cumulative acknowledgement, prefetch 1,000",
            new StompTopology(OneKiB, persistent: true)),
    ];

    /// <summary>
    /// The workloads of these names, in the catalog's order; throws for a name that there is none of.
    /// </summary>
    public static IReadOnlyList<Workload> Select(IReadOnlyCollection<string> names)
    {
        string? unknown = names.FirstOrDefault(name => All.All(workload => workload.Name != name));
        return unknown is null
            ? [.. All.Where(workload => names.Count == 0 || names.Contains(workload.Name))]
            : throw new ArgumentException($"there is no workload '{unknown}'; see list");
    }
}
