using Posthaste.Simulation.Hosting;
using Posthaste.Simulation.Model;
using Posthaste.Testing;

namespace Posthaste.Simulation.Mqtt;

/// <summary>Publishes with one QoS, and begins each connection with what it has not seen the end of.</summary>
internal sealed class SimulatedMqttPublisher(string id, int qos, MqttModel model, BrokerHost host, long expiryMs)
    : SimulatedMqttClient(id, host, expiryMs)
{
    /// <summary>So few that each stands for many messages in a run.</summary>
    private const int PacketIdCount = 12;

    private const int InFlightMax = 8;

    // In the order of publishing.
    private readonly List<InFlight> _inFlight = [];
    private ushort _lastPacketId;

    public override bool IsQuiet => _inFlight.Count == 0;

    public bool HasRoom => IsConnected && _inFlight.Count < InFlightMax;

    public void Publish(int bodyBytes)
    {
        do _lastPacketId = (ushort)((_lastPacketId % PacketIdCount) + 1);
        while (_inFlight.Exists(unfinished => unfinished.PacketId == _lastPacketId));
        var next = new InFlight(_lastPacketId, model.Publish(Id, qos, bodyBytes));
        _inFlight.Add(next);
        Send(PublishOf(next, isDup: false));
    }

    protected override void OnConnected(bool isPresent)
    {
        if (!isPresent) OnForgotten();
        foreach (var unfinished in _inFlight)
        {
            if (unfinished.IsReleased)
            {
                Send(MqttPacket.Answer(MqttPacketType.PubRel, unfinished.PacketId));
                continue;
            }

            unfinished.Message.IsRepeated |= qos == 1;
            Send(PublishOf(unfinished, isDup: true));
        }
    }

    protected override void Take(MqttPacket packet)
    {
        var unfinished = _inFlight.Find(unfinished => unfinished.PacketId == packet.PacketId)
            ?? throw new SimulationFailure($"{Id}: {packet.Type} for {packet.PacketId}, which is not under way");
        switch (packet.Type)
        {
            case MqttPacketType.PubAck when qos == 1:
                unfinished.Message.IsAcknowledged = true;
                _inFlight.Remove(unfinished);
                break;
            case MqttPacketType.PubRec when qos == 2:
                unfinished.Message.IsAcknowledged = true;
                unfinished.IsReleased = true;
                Send(MqttPacket.Answer(MqttPacketType.PubRel, packet.PacketId));
                break;
            case MqttPacketType.PubComp when unfinished.IsReleased:
                _inFlight.Remove(unfinished);
                break;
            default:
                throw new SimulationFailure($"{Id}: {packet.Type} for {unfinished.Message}");
        }
    }

    // Without the session there is nothing to go on with: what is in doubt stays so.
    protected override void OnForgotten() => _inFlight.Clear();

    protected override void OnAway()
    {
        // All that is under way is kept for the next connection.
    }

    private MqttPacket PublishOf(InFlight unfinished, bool isDup) => MqttPacket.Publish(
        $"{Topology.MqttTopics}/{Id}", qos, isRetained: false, isDup, unfinished.PacketId, unfinished.Message.Body());

    private sealed class InFlight(ushort packetId, MqttMessage message)
    {
        public ushort PacketId => packetId;

        public MqttMessage Message => message;

        /// <summary>PUBREC has come: what is due is PUBREL.</summary>
        public bool IsReleased { get; set; }
    }
}
