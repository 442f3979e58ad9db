using Posthaste.Simulation.Hosting;
using Posthaste.Simulation.Model;
using Posthaste.Testing;

namespace Posthaste.Simulation.Mqtt;

/// <summary>Subscribes to all topics, takes what comes at once, and answers when it is told to.</summary>
internal sealed class SimulatedMqttSubscriber(string id, int qos, MqttModel model, BrokerHost host, long expiryMs)
    : SimulatedMqttClient(id, host, expiryMs)
{
    private readonly Dictionary<ushort, MqttMessage> _unreleased = [];
    private readonly HashSet<MqttMessage> _received = [];
    private readonly Dictionary<string, int> _lastFirst = [];
    private readonly Queue<MqttPacket> _answers = new();
    private bool _isSubscribed;

    /// <summary>Messages before this one were published while it may not have been subscribed.</summary>
    private int _firstWanted;

    public override bool IsQuiet => _isSubscribed && _answers.Count == 0 && _unreleased.Count == 0;

    public int ReceivedCount => _received.Count;

    /// <summary>Sends the oldest answers that are due.</summary>
    public void Answer(int count)
    {
        while (count-- > 0 && IsConnected && _answers.TryDequeue(out var answer)) Send(answer);
    }

    /// <summary>All that it had to get has come.</summary>
    public void CheckNothingMissing()
    {
        foreach (var message in model.Messages.Skip(_firstWanted))
        {
            SimulationFailure.Unless(
                !message.IsAcknowledged || _received.Contains(message), $"{Id}: lost: {message}");
        }
    }

    protected override void OnConnected(bool isPresent)
    {
        if (!isPresent) OnForgotten();

        // Until the answer has come nothing is sure.
        if (!_isSubscribed) Send(MqttPacket.Subscribe($"{Topology.MqttTopics}/#", qos));
    }

    protected override void Take(MqttPacket packet)
    {
        switch (packet.Type)
        {
            case MqttPacketType.Publish:
                TakePublish(packet);
                break;
            case MqttPacketType.PubRel:
                _unreleased.Remove(packet.PacketId);
                _answers.Enqueue(MqttPacket.Answer(MqttPacketType.PubComp, packet.PacketId));
                break;
            case MqttPacketType.SubAck:
                Subscribed(packet.Body[^1]);
                break;
            default:
                throw new SimulationFailure($"{Id}: an unexpected {packet.Type}");
        }
    }

    protected override void OnForgotten()
    {
        _isSubscribed = false;
        _unreleased.Clear();
    }

    // What was taken stays so, whether or not the broker has heard of it.
    protected override void OnAway() => _answers.Clear();

    private void Subscribed(int granted)
    {
        if (granted != qos)
        {
            // Refused for want of room; tried again with the next connection.
            Leave(says: true);
            return;
        }

        _isSubscribed = true;
        _firstWanted = model.Messages.Count;
    }

    private void TakePublish(MqttPacket packet)
    {
        var message = model.Find(packet.Payload, Id);
        SimulationFailure.Unless(
            packet.QoS == Math.Min(qos, message.QoS), $"{Id}: {message} came with QoS {packet.QoS}");
        if (packet.QoS == 1)
        {
            Receive(message, packet.IsDup || message.IsRepeated);
            _answers.Enqueue(MqttPacket.Answer(MqttPacketType.PubAck, packet.PacketId));
            return;
        }

        if (!_unreleased.TryGetValue(packet.PacketId, out var known))
        {
            Receive(message, mayBeKnown: false);
            _unreleased.Add(packet.PacketId, message);
        }
        else
        {
            SimulationFailure.Unless(
                packet.IsDup && known == message,
                $"{Id}: {message} came as {packet.PacketId}, which still stands for {known}");
        }

        _answers.Enqueue(MqttPacket.Answer(MqttPacketType.PubRec, packet.PacketId));
    }

    private void Receive(MqttMessage message, bool mayBeKnown)
    {
        if (!_received.Add(message))
        {
            SimulationFailure.Unless(mayBeKnown, $"{Id}: {message} came twice");
            return;
        }

        // What was sent for the first time before it was subscribed comes when it is sent again.
        if (message.IsRepeated && !(_isSubscribed && message.Id >= _firstWanted)) return;
        var last = _lastFirst.GetValueOrDefault(message.Publisher, -1);
        SimulationFailure.Unless(message.Id > last, $"{Id}: {message} came after number {last}");
        _lastFirst[message.Publisher] = message.Id;
    }
}
