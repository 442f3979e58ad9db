using System.Buffers;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>Packets: from the bytes of a read to what they ask for.</summary>
internal sealed partial class MqttConnection
{
    /// <summary>Bytes of the largest packet that is taken once the client is connected.</summary>
    private int PacketBytesMax => (int)long.Min(
        Packet.BytesMax, (long)Broker.Options.MessageBytesMax + Limits.PacketOverheadBytesMax);

    protected override SequencePosition Process(in ReadOnlySequence<byte> buffer, ReadScope scope)
    {
        if (_grantedSlot is { } granted && _state == ConnectionState.Claiming)
            BeginSession(granted);
        if (_subscriber is { HasRetained: true } subscriber && _state == ConnectionState.Running)
            subscriber.Feed(scope);

        var rest = buffer;
        while (!rest.IsEmpty && CanGoOn)
        {
            var used = ProcessContiguous(rest.FirstSpan, scope);
            if (used == 0)
                used = ProcessCrossing(rest, scope);
            if (used == 0)
                break;
            rest = rest.Slice(used);
        }

        return _state == ConnectionState.Closed ? buffer.End : rest.Start;
    }

    private bool CanGoOn => !IsHeld && _state is not (ConnectionState.Closed or ConnectionState.Claiming);

    private int ProcessContiguous(ReadOnlySpan<byte> span, ReadScope scope)
    {
        var at = 0;
        while (at < span.Length && CanGoOn)
        {
            var status = Scan(span[at..], out var packet, out var bytes, out var error);
            if (status == ScanStatus.NeedMore)
                break;
            if (status == ScanStatus.Error)
            {
                FailInAnyState(error);
                break;
            }

            at += bytes;
            Handle(packet, scope);
        }

        return at;
    }

    /// <summary>One packet that crosses blocks of the pipe: copied, then taken as usual.</summary>
    private int ProcessCrossing(in ReadOnlySequence<byte> rest, ReadScope scope)
    {
        if (rest.IsSingleSegment)
            return 0;

        // The announced length is judged before anything is waited for or copied.
        Span<byte> start = stackalloc byte[Packet.HeaderBytesMax];
        start = start[..(int)long.Min(rest.Length, start.Length)];
        rest.Slice(0, start.Length).CopyTo(start);
        var status = Scan(start, out _, out var bytes, out var error);
        if (status == ScanStatus.Error)
        {
            FailInAnyState(error);
            return 0;
        }

        if (rest.Length < bytes)
            return 0;
        if (!scope.TryTake(bytes, out var copy))
        {
            // Only the batch points into the scratch between two packets.
            _publishes?.Flush(scope);
            scope.Reset();
            copy = scope.Take(bytes);
        }

        rest.Slice(0, bytes).CopyTo(copy);
        return ProcessContiguous(copy, scope);
    }

    private ScanStatus Scan(ReadOnlySpan<byte> bytes, out Packet packet, out int length, out WireError error) =>
        _state == ConnectionState.AwaitingConnect
            ? PacketScanner.Scan(
                bytes, MqttVersion.Unknown, Limits.ConnectBytesMax, out packet, out length, out error)
            : PacketScanner.Scan(bytes, Version, PacketBytesMax, out packet, out length, out error);

    private void Handle(Packet packet, ReadScope scope)
    {
        if (_state == ConnectionState.Running && packet.Type == PacketType.Publish)
        {
            var error = Publish.TryRead(packet, Version, out var publish, out var malformed)
                ? Publishes.Publish(publish, scope)
                : malformed;
            if (error.IsError)
                Fail(error);
            return;
        }

        switch (packet.Type, _state)
        {
            case (PacketType.Connect, ConnectionState.AwaitingConnect):
                HandleConnect(packet);
                break;
            case (_, ConnectionState.AwaitingConnect): // [MQTT-3.1.0-1]
                MqttLog.NotConnected(Log, Peer, packet.Type);
                _state = ConnectionState.Closed;
                break;
            case (PacketType.Auth, _):
                HandleAuth(packet);
                break;
            case (_, ConnectionState.Authenticating):
                RefuseConnect(WireError.Protocol($"{packet.Type} before CONNACK"));
                break;
            default:
                HandleOther(packet, scope);
                break;
        }
    }

    private void HandleOther(Packet packet, ReadScope scope)
    {
        switch (packet.Type)
        {
            case PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp:
                HandleAnswer(packet, scope);
                break;
            case PacketType.Subscribe:
                HandleSubscribe(packet, scope);
                break;
            case PacketType.Unsubscribe:
                HandleUnsubscribe(packet, scope);
                break;
            case PacketType.PingReq:
                HandlePing(packet, scope);
                break;
            case PacketType.Disconnect:
                HandleDisconnect(packet, scope);
                break;
            default: // A second CONNECT [MQTT-3.1.0-2], or what only servers send.
                Fail(WireError.Protocol($"an unexpected {packet.Type}"));
                break;
        }
    }

    private void HandlePing(Packet packet, ReadScope scope)
    {
        if (!packet.Body.IsEmpty)
        {
            Fail(WireError.Malformed("a PINGREQ with a body"));
            return;
        }

        lock (Output.Gate)
            Output.WriteBytes(PacketFrame.PingResp);
        scope.Flushes.Add(Output);
    }

    private void HandleSubscribe(Packet packet, ReadScope scope)
    {
        // What came before is published before the subscription stands.
        HandOver(scope);
        if (!Subscribe.TryRead(packet, Version, out var subscribe, out var error))
            Fail(error);
        else
            Subscriber.Subscribe(subscribe, scope);
    }

    private void HandleUnsubscribe(Packet packet, ReadScope scope)
    {
        HandOver(scope);
        if (!Unsubscribe.TryRead(packet, Version, out var unsubscribe, out var error))
            Fail(error);
        else
            Subscriber.Unsubscribe(unsubscribe, scope);
    }
}
