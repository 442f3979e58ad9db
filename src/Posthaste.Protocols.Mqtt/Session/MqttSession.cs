using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Queues;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// What the broker remembers of a client beyond its connection (MQTT 5, section 4.1), while it is connected. Between
/// connections only its notes and its queue are there: <see cref="SessionStore"/>. The reader's alone, but for the
/// subscriptions, which deliveries look at under the output's gate.
/// </summary>
internal sealed class MqttSession(VirtualHost host, string clientId, bool isKept)
{
    private const string QueuePrefix = "mqtt-subscription-";
    private const string TransientSuffix = "qos0";
    private const string SessionSuffix = "qos1";

    private SubscriptionTable? _subscriptions;
    private HashSet<ushort>? _received;
    private List<ushort>? _released;
    private ulong _releasedCount;
    private ulong _mark;

    /// <summary>UTF-8 bytes of the longest client identifier: the names of its queues have 255 bytes at most.</summary>
    public const int ClientIdBytesMax = 255 - 18 - 4;

    public VirtualHost Host { get; } = host;

    public string ClientId { get; } = clientId;

    /// <summary>It outlives its connection, or did before: there are notes of it, and its queue is durable.</summary>
    public bool IsKept { get; } = isKept;

    /// <summary>Seconds that it outlives the connection; 0 ends it with that.</summary>
    public uint ExpiryS { get; set; }

    /// <summary>Made, like the others here, when there is something to remember.</summary>
    public SubscriptionTable Subscriptions => _subscriptions ??= new SubscriptionTable();

    /// <summary>Any thread, as an estimate.</summary>
    public int SubscriptionCount => _subscriptions?.Count ?? 0;

    /// <summary>
    /// Packet identifiers of publishes with QoS 2 that have come and were not released [MQTT-4.3.3-10].
    /// </summary>
    public HashSet<ushort> Received => _received ??= [];

    /// <summary>Identifiers of deliveries with QoS 2 whose PUBREC has come, in that order [MQTT-4.6.0-4].</summary>
    public List<ushort> Released => _released ??= [];

    /// <summary>A PUBREC has come.</summary>
    /// <returns>Its place in the order.</returns>
    public ulong AddReleased(ushort packetId)
    {
        Released.Add(packetId);
        return _releasedCount++;
    }

    /// <summary>PUBRECs that came to an earlier connection, in any order.</summary>
    public void RestoreReleased(List<(ulong Order, ushort PacketId)> released)
    {
        if (released.Count == 0)
            return;
        released.Sort();
        foreach (var (_, packetId) in released)
            Released.Add(packetId);
        _releasedCount = released[^1].Order + 1;
    }

    /// <summary>The queue of subscriptions with QoS 1 and 2; null until there is one.</summary>
    public BrokerQueue? Queue { get; set; }

    public string TransientQueueName => QueuePrefix + ClientId + TransientSuffix;

    public string QueueName => QueueNameOf(ClientId);

    /// <summary>
    /// What marks a message as published by this client. Stored with messages, so it follows from the identifier; 64
    /// bits of a cryptographic hash, never 0.
    /// </summary>
    public ulong Mark => _mark != 0 ? _mark : _mark = MarkOf(ClientId);

    public static string QueueNameOf(string clientId) => QueuePrefix + clientId + SessionSuffix;

    /// <summary>The client whose session a queue belongs to; null for all other queues.</summary>
    public static string? ClientOfQueue(string queueName) =>
        queueName.StartsWith(QueuePrefix, StringComparison.Ordinal)
        && queueName.EndsWith(SessionSuffix, StringComparison.Ordinal)
            ? queueName[QueuePrefix.Length..^SessionSuffix.Length]
            : null;

    private static ulong MarkOf(string clientId) =>
        BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(clientId))) | 1;
}
