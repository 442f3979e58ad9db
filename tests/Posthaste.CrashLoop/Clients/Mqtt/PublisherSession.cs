using Posthaste.CrashLoop.Ledger;
using Posthaste.Testing;

namespace Posthaste.CrashLoop.Clients.Mqtt;

/// <summary>
/// What a publisher keeps over connections and lives of the broker: the packets it has not seen the end of. Shared by
/// the writer and the reader of one connection at a time.
/// </summary>
internal sealed class PublisherSession(Flow flow, LoopLedger ledger)
{
    /// <summary>Packet identifiers are 1 to 65,535, taken in turn.</summary>
    private const int PacketIds = 65_535;

    private readonly Lock _lock = new();
    private readonly Dictionary<ushort, InFlight> _inFlight = [];

    public Flow Flow => flow;

    public string ClientId => $"crash-{flow.Name}";

    /// <summary>One for all lives: what is sent again is the same message.</summary>
    public StreamLedger Stream { get; } = ledger.OpenStream(flow);

    /// <summary>Whether the broker has acknowledged anything, and so has to know the session.</summary>
    public bool HasPromise { get; private set; }

    public int InFlightCount
    {
        get
        {
            lock (_lock)
                return _inFlight.Count;
        }
    }

    /// <summary>The next message, kept before it is sent.</summary>
    public MqttPacket Next()
    {
        long sequence = Stream.Next();
        ushort packetId = (ushort)((sequence % PacketIds) + 1);
        lock (_lock)
            _inFlight.Add(packetId, new InFlight(sequence, IsReleased: false));
        return Publish(packetId, sequence, isDup: false);
    }

    /// <summary>
    /// What a new connection begins with: everything unfinished, in the order of the first time [MQTT-4.4.0-1]
    /// [MQTT-4.6.0-1].
    /// </summary>
    public MqttPacket[] Resume()
    {
        lock (_lock)
            return [.. _inFlight.OrderBy(entry => entry.Value.Sequence).Select(entry => Again(entry.Key, entry.Value))];
    }

    /// <summary>PUBACK or PUBREC: the message is the broker's from now on.</summary>
    /// <returns>Whether this is the first acknowledgement of the message.</returns>
    public bool Confirm(ushort packetId)
    {
        long sequence;
        lock (_lock)
        {
            sequence = Find(packetId).Sequence;
            _inFlight[packetId] = new InFlight(sequence, IsReleased: true);
        }
        HasPromise = true;
        if (flow.IsRetained)
            ledger.Retained.Confirm(flow.Route(sequence).RoutingKey, Stream.Id, sequence);
        return Stream.Confirm(sequence);
    }

    /// <summary>PUBACK or PUBCOMP: the identifier is free.</summary>
    public void Complete(ushort packetId)
    {
        lock (_lock)
        {
            if (!Find(packetId).IsReleased)
                throw new InvalidDataException($"PUBCOMP for {packetId} came without a PUBREC.");
            _inFlight.Remove(packetId);
        }
    }

    private InFlight Find(ushort packetId) => _inFlight.TryGetValue(packetId, out InFlight found)
        ? found
        : throw new InvalidDataException($"Nothing with packet identifier {packetId} is under way.");

    private MqttPacket Again(ushort packetId, InFlight unfinished)
    {
        if (unfinished.IsReleased)
            return MqttPacket.Answer(MqttPacketType.PubRel, packetId);
        if (flow.MqttQoS == 1)
            Stream.MarkRepeated(unfinished.Sequence);
        return Publish(packetId, unfinished.Sequence, isDup: true);
    }

    private MqttPacket Publish(ushort packetId, long sequence, bool isDup)
    {
        byte[] body = new Payload(Stream.Id, 0, sequence).Encode();
        string topic = flow.Route(sequence).RoutingKey;
        return MqttPacket.Publish(topic, flow.MqttQoS, flow.IsRetained, isDup, packetId, body);
    }

    /// <param name="Sequence">Which message.</param>
    /// <param name="IsReleased">Whether the broker has it: what is due is PUBREL.</param>
    private readonly record struct InFlight(long Sequence, bool IsReleased);
}
