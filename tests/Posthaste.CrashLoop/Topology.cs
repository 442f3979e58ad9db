using Posthaste.CrashLoop.Clients.Mqtt;
using RabbitMQ.Client;

namespace Posthaste.CrashLoop;

/// <summary>How the messages of a queue are settled.</summary>
internal enum ConsumerKind
{
    /// <summary>Acknowledges; returns some, keeps some until the connection ends.</summary>
    Manual,

    /// <summary>Acknowledges in transactions.</summary>
    Committing,

    /// <summary>Publishes each message to another queue and acknowledges it in the same transaction.</summary>
    Forwarding,

    /// <summary>Rejects what <see cref="Topology.IsRejected"/> names; the rest as <see cref="Manual"/>.</summary>
    Rejecting,

    /// <summary>Is the queue of an MQTT session: no AMQP client declares or reads it.</summary>
    Subscribing,
}

/// <summary>A queue of the loop and who reads it.</summary>
internal sealed record QueueSpec(string Name, ConsumerKind Kind = ConsumerKind.Manual)
{
    public const int Prefetch = 64;

    /// <summary>The broker's limit: MQTT 3.1.1 has no word for the client's.</summary>
    private const int SessionInFlightMax = 2_048;

    public Dictionary<string, object?> Arguments { get; init; } = [];

    /// <summary>Only with one consumer is the order of a queue known over several lives.</summary>
    public int ConsumerCount { get; init; } = 1;

    /// <summary>How many messages may be on their way to the consumers.</summary>
    public int InFlightMax => Kind == ConsumerKind.Subscribing ? SessionInFlightMax : ConsumerCount * Prefetch;

    /// <summary>Read in one life of so many: 1 keeps up, more lets a backlog move to segments.</summary>
    public int ReadEveryLives { get; init; } = 1;

    /// <summary>A dead-letter queue has the order in which messages died.</summary>
    public bool KeepsOrder { get; init; } = true;
}

/// <summary>What a kind of producer publishes and where it has to arrive: it follows from the sequence.</summary>
internal sealed record Flow(string Name)
{
    public string Exchange { get; init; } = "";

    public required Func<long, (string RoutingKey, QueueSpec[] Queues)> Route { get; init; }

    public int Priorities { get; init; } = 1;

    /// <summary>One in so many messages is transient: it may vanish with the process. 0: none.</summary>
    public int TransientEvery { get; init; }

    /// <summary>Published by STOMP with receipts, instead of by AMQP.</summary>
    public bool IsStomp { get; init; }

    /// <summary>Published by MQTT with this QoS, 1 or 2, to topics for routing keys; 0: not by MQTT.</summary>
    public int MqttQoS { get; init; }

    /// <summary>Whether its topics keep the newest message.</summary>
    public bool IsRetained { get; init; }

    /// <summary>Messages of a transaction; 0 publishes with confirms.</summary>
    public int TransactionLength { get; init; }

    public int PriorityOf(long sequence) => (int)(sequence * 7 % Priorities);

    public bool IsTransient(long sequence) => TransientEvery > 0 && sequence % TransientEvery == 0;
}

/// <summary>The queues, exchanges and flows: one of each kind that keeps messages in another way.</summary>
internal static class Topology
{
    public const string TopicExchange = "crash.topic";

    /// <summary>What the MQTT session subscribes to.</summary>
    public const string SessionFilter = "crash/+";

    public const string RetainedFilter = "crash/retained/#";

    /// <summary>Where topics are routing keys, with a dot for each slash.</summary>
    private const string MqttExchange = "amq.topic";

    public static readonly QueueSpec Classic = new("crash.classic");

    public static readonly QueueSpec Quorum = new("crash.quorum")
    {
        // Messages held over many crashes must not be given up.
        Arguments = new() { ["x-queue-type"] = "quorum", ["x-delivery-limit"] = -1 },
        ConsumerCount = 2,
    };

    public static readonly QueueSpec TopicAll = new("crash.topic.all");
    public static readonly QueueSpec TopicRare = new("crash.topic.rare") { ConsumerCount = 2 };

    public static readonly QueueSpec Priority = new("crash.priority")
    {
        Arguments = new() { ["x-max-priority"] = 5 },
    };

    public static readonly QueueSpec Work = new("crash.work", ConsumerKind.Rejecting)
    {
        Arguments = new() { ["x-dead-letter-exchange"] = "", ["x-dead-letter-routing-key"] = "crash.dead" },
    };

    public static readonly QueueSpec Dead = new("crash.dead") { KeepsOrder = false };
    public static readonly QueueSpec Backlog = new("crash.backlog") { ReadEveryLives = 9 };
    public static readonly QueueSpec Inbox = new("crash.inbox", ConsumerKind.Forwarding);
    public static readonly QueueSpec Outbox = new("crash.outbox");
    public static readonly QueueSpec Audit = new("crash.audit", ConsumerKind.Committing);

    public static readonly QueueSpec Stomp = new("crash.stomp");

    public static readonly QueueSpec MqttOnce = new("crash.mqtt.once", ConsumerKind.Committing);
    public static readonly QueueSpec MqttOften = new("crash.mqtt.often");
    public static readonly QueueSpec MqttRetained = new("crash.mqtt.retained");

    public static readonly QueueSpec MqttSession =
        new($"mqtt-subscription-{SubscriberSession.ClientId}qos1", ConsumerKind.Subscribing);

    public static readonly QueueSpec[] Queues =
    [
        Classic, Quorum, TopicAll, TopicRare, Priority, Work, Dead, Backlog, Inbox, Outbox, Audit, Stomp,
        MqttOnce, MqttOften, MqttRetained, MqttSession,
    ];

    public static readonly Flow[] Flows =
    [
        new("classic") { Route = _ => (Classic.Name, [Classic]), TransientEvery = 16 },
        new("quorum") { Route = _ => (Quorum.Name, [Quorum]) },
        new("topic")
        {
            Exchange = TopicExchange,
            Route = sequence => sequence % 4 == 0
                ? ("order.rare.placed", [TopicAll, TopicRare])
                : ("order.common.placed", [TopicAll]),
        },
        new("priority") { Route = _ => (Priority.Name, [Priority]), Priorities = 5 },
        new("work") { Route = _ => (Work.Name, [Work]) },
        new("backlog") { Route = _ => (Backlog.Name, [Backlog]) },
        new("stomp") { Route = _ => (Stomp.Name, [Stomp]), TransientEvery = 16, IsStomp = true },
        new("mqtt-1") { Route = _ => ("crash/often", [MqttOften, MqttSession]), MqttQoS = 1 },
        new("mqtt-2") { Route = _ => ("crash/once", [MqttOnce, MqttSession]), MqttQoS = 2 },
        new("mqtt-retained")
        {
            Route = sequence => ($"crash/retained/{sequence % 8}", [MqttRetained]),
            MqttQoS = 1,
            IsRetained = true,
        },
        new("transaction")
        {
            Route = sequence => sequence % 2 == 0 ? (Inbox.Name, [Inbox]) : (Audit.Name, [Audit]),
            TransactionLength = 8,
        },
    ];

    /// <summary>Which messages of <see cref="Work"/> are rejected, every time, into <see cref="Dead"/>.</summary>
    public static bool IsRejected(long sequence) => sequence % 3 == 0;

    /// <summary>Declares everything, in every life: a durable declaration must be there already and agree.</summary>
    public static async Task DeclareAsync(IConnection connection)
    {
        await using IChannel channel = await connection.CreateChannelAsync();
        await channel.ExchangeDeclareAsync(TopicExchange, ExchangeType.Topic, durable: true);
        foreach (QueueSpec queue in Queues.Where(queue => queue.Kind != ConsumerKind.Subscribing))
            await channel.QueueDeclareAsync(queue.Name, true, false, false, queue.Arguments);
        await channel.QueueBindAsync(TopicAll.Name, TopicExchange, "order.#");
        await channel.QueueBindAsync(TopicRare.Name, TopicExchange, "*.rare.*");
        await channel.QueueBindAsync(MqttOnce.Name, MqttExchange, "crash.once");
        await channel.QueueBindAsync(MqttOften.Name, MqttExchange, "crash.often");
        await channel.QueueBindAsync(MqttRetained.Name, MqttExchange, "crash.retained.*");
    }
}
