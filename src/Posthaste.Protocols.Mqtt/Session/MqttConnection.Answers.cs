using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>What a client answers to deliveries, and PUBREL, which ends its own publishes of QoS 2.</summary>
internal sealed partial class MqttConnection
{
    private readonly List<UnackedDelivery> _unparked = [];

    private void HandleAnswer(Packet packet, ReadScope scope)
    {
        if (!PublishAnswer.TryRead(packet, Version, out var answer, out var error))
        {
            Fail(error);
            return;
        }

        var isFailure = answer.Code.IsFailure();
        switch (answer.Type)
        {
            case PacketType.PubAck:
                EndDelivery(answer.PacketId, OutgoingState.AwaitsPubAck, scope);
                break;
            case PacketType.PubRec when isFailure: // The delivery ends here: section 4.3.3.
                EndDelivery(answer.PacketId, OutgoingState.AwaitsPubRec, scope);
                break;
            case PacketType.PubRec:
                HandlePubRec(answer.PacketId, scope);
                break;
            case PacketType.PubRel:
                // Publishes of the same read are before it.
                ExactlyOnce.Release(answer.PacketId, scope);
                break;
            case PacketType.PubComp:
                ExactlyOnce.Complete(answer.PacketId);
                EndDelivery(answer.PacketId, OutgoingState.AwaitsPubComp, scope);
                break;
        }
    }

    /// <summary>
    /// A delivery is answered to the end. An identifier that is not out, or not so far, is none of a delivery any
    /// more: the client repeats itself, and there is nothing to say to that.
    /// </summary>
    private void EndDelivery(ushort packetId, OutgoingState expected, ReadScope scope)
    {
        Outgoing outgoing;
        lock (Output.Gate)
        {
            if (!Deliveries.Window.TryGet(packetId, out outgoing) || outgoing.State != expected)
                return;
            Deliveries.Window.End(packetId, scope.Resumed, _unparked);
        }

        if (outgoing.Owner is { } owner)
        {
            _acknowledgedCount++;
            Settle(new UnackedDelivery(packetId, outgoing.Id, owner), Settlement.Acknowledge, scope);
        }

        foreach (var unparked in _unparked)
            Settle(unparked, Settlement.Requeue, scope);
        _unparked.Clear();
    }

    private void HandlePubRec(ushort packetId, ReadScope scope)
    {
        Outgoing outgoing;
        lock (Output.Gate)
        {
            if (!Deliveries.Window.TryGet(packetId, out outgoing))
            {
                // Version 5 says that there is none; the client then forgets it.
                Output.WriteAnswer(PacketType.PubRel, packetId, ReasonCode.PacketIdentifierNotFound);
            }
            else if (outgoing.State == OutgoingState.AwaitsPubComp)
            {
                Output.WriteAnswer(PacketType.PubRel, packetId);
            }
            else if (outgoing.State == OutgoingState.AwaitsPubRec)
            {
                Deliveries.Window.Advance(
                    packetId, Session.IsKept ? OutgoingState.Recording : OutgoingState.AwaitsPubComp, isSettled: true);
                if (!Session.IsKept)
                    Output.WriteAnswer(PacketType.PubRel, packetId);
            }
        }

        scope.Flushes.Add(Output);
        if (outgoing.State != OutgoingState.AwaitsPubRec || outgoing.Owner is not { } owner)
            return;
        _acknowledgedCount++;
        ExactlyOnce.Received(packetId, outgoing.Id, owner, scope);
    }

    private static void Settle(in UnackedDelivery delivery, Settlement settlement, ReadScope scope) =>
        scope.Settlements.Add(delivery, settlement, scope.Flushes);
}
