using Posthaste.CrashLoop.Ledger;
using Posthaste.Testing;

namespace Posthaste.CrashLoop.Clients.Mqtt;

/// <summary>Gets messages of QoS 1 and 2 in a session that outlasts the broker.</summary>
internal sealed class MqttSubscriber : LoadClient
{
    private readonly QueueSpec _spec;
    private readonly SubscriberSession _session;
    private readonly MqttLink _link;
    private readonly QueueLedger _queue;
    private readonly ConsumerView _view = new();

    private MqttSubscriber(QueueSpec spec, SubscriberSession session, MqttLink link, Life life)
        : base($"subscriber {spec.Name}", life) =>
        (_spec, _session, _link, _queue) = (spec, session, link, life.Ledger[spec]);

    /// <summary>Connects, and subscribes for the first time: nothing may be published before.</summary>
    public static async Task<MqttSubscriber> OpenAsync(QueueSpec spec, SubscriberSession session, Life life)
    {
        MqttLink link = await MqttLink.ConnectAsync(life.MqttPort, SubscriberSession.ClientId, isClean: false);
        if (!link.IsSessionPresent)
        {
            if (session.IsSubscribed)
                life.Ledger.Violations.Add(Promise.ConfirmedIsKept, $"life {life.Number}: the subscription is lost");
            await link.SubscribeAsync(Topology.SessionFilter, qos: 2);
            session.Begin();
        }
        return new MqttSubscriber(spec, session, link, life);
    }

    protected override async Task WorkAsync()
    {
        using MqttLink link = _link;
        try
        {
            while (true)
                await ReceiveAsync(await link.ReadAsync(Life.Over));
        }
        catch (OperationCanceledException) when (Life.IsDraining)
        {
            // What it has acknowledged must not come back.
            await link.DisconnectAsync();
        }
    }

    private async Task ReceiveAsync(MqttPacket packet)
    {
        switch (packet)
        {
            case { Type: MqttPacketType.Publish, QoS: 1 }:
                await TakeAsync(packet, MqttPacketType.PubAck);
                break;
            case { Type: MqttPacketType.Publish, QoS: 2 } when _session.TryTake(packet.PacketId):
                await TakeAsync(packet, MqttPacketType.PubRec);
                break;
            case { Type: MqttPacketType.Publish, QoS: 2, IsDup: true }:
                await AnswerAsync(packet, MqttPacketType.PubRec);
                break;
            case { Type: MqttPacketType.PubRel }:
                _session.Release(packet.PacketId);
                await AnswerAsync(packet, MqttPacketType.PubComp);
                break;
            default:
                throw new InvalidDataException($"{packet.Type} {packet.FirstByte:X2} of {packet.Body.Length} bytes");
        }
    }

    private async Task TakeAsync(MqttPacket packet, MqttPacketType answer)
    {
        if (!Payload.TryDecode(packet.Payload, out Payload message))
        {
            Ledger.Violations.Add(
                Promise.NothingIsInvented, $"{_spec.Name}: {packet.Payload.Length} bytes that nobody published");
            return;
        }
        if (packet.QoS == 2 && (_queue.FateOf(message.Stream, message.Sequence) & Fate.Seen) != 0)
        {
            Ledger.Violations.Add(Promise.ExactlyOnce,
                $"{_spec.Name}: message {message.Sequence} of stream {message.Stream} came again (DUP {packet.IsDup})");
        }
        _queue.Observe(message, packet.IsDup, _view);
        Ledger.CountDelivery(packet.IsDup);
        // The message is the subscriber's, whether or not its answer arrives: with QoS 2 it does not come again.
        _queue.Settle(message, Fate.Settled);
        await AnswerAsync(packet, answer);
    }

    private Task AnswerAsync(MqttPacket packet, MqttPacketType type) =>
        _link.SendAsync(MqttPacket.Answer(type, packet.PacketId));
}
