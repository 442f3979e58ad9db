using Posthaste.Protocols.Mqtt;
using Posthaste.Simulation.Hosting;
using Posthaste.Simulation.Model;
using Posthaste.Testing;

namespace Posthaste.Simulation.Mqtt;

/// <summary>
/// A client of MQTT 3.1.1 with a session that outlives its connections and the broker. It speaks to a session of the
/// broker through a transport in memory, and keeps its own part of the packets' state as the specification asks.
/// </summary>
internal abstract class SimulatedMqttClient(string id, BrokerHost host, long expiryMs)
{
    private SessionSpan _span = new(expiryMs);
    private StepTransport? _transport;
    private int _identity;

    /// <summary>Connections asked for since the broker's last answer.</summary>
    private int _askedCount;

    public string Id => id;

    private string ClientId => $"{id}.{_identity}";

    /// <summary>Told of every packet, if somebody wants to know.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>It has asked for a connection, and has neither ended it nor seen it end.</summary>
    public bool HasTransport => _transport is not null;

    /// <summary>The broker has accepted it.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>Nothing is left to be said or answered.</summary>
    public abstract bool IsQuiet { get; }

    /// <summary>Asks for a connection; one that it has is taken over, and not looked at again.</summary>
    public void Connect(MqttHandler handler)
    {
        _transport = new StepTransport(host.Scheduler);
        IsConnected = false;
        _askedCount++;
        _span.Asked();
        var served = handler.ServeAsync(_transport.Connection, CancellationToken.None);
        Primitives.Checks.Require(!served.IsFaulted, "a session never throws");
        Send(MqttPacket.Connect(ClientId, isClean: false));
    }

    /// <summary>Ends the connection, with or without a goodbye.</summary>
    public void Leave(bool says)
    {
        if (_transport is not { } transport) return;
        if (says && IsConnected) Send(MqttPacket.Disconnect());
        Trace?.Invoke($"{id} leaves");
        transport.HangUp();
        GoAway();
    }

    /// <summary>Takes in what has come.</summary>
    public void Read()
    {
        while (_transport is { } transport)
        {
            if (!transport.TryRead(out var packet))
            {
                if (transport.IsClosed) Leave(says: false);
                return;
            }

            Trace?.Invoke($"{id} gets {Text(packet)}");
            if (packet.Type == MqttPacketType.ConnAck) Connected(packet);
            else Take(packet);
        }
    }

    public void Rested()
    {
        _span.Rested(host.Time.NowMs, isAway: !HasTransport);
        if (HasTransport || !_span.MustBeGone(host.Time.NowMs)) return;
        SimulationFailure.Unless(
            !host.Host.TryGetQueue(System.Text.Encoding.UTF8.GetBytes($"mqtt-subscription-{ClientId}qos1"), out _),
            $"{id}: the session has expired, and its queue is still there");
    }

    /// <summary>The broker is gone, and the connection with it.</summary>
    public void Restarted()
    {
        GoAway();
        _span.Restarted(host.Time.NowMs);
    }

    protected void Send(MqttPacket packet)
    {
        Trace?.Invoke($"{id} sends {Text(packet)}");
        _transport!.Send(packet);
    }

    /// <summary>The connection is there.</summary>
    /// <param name="isPresent">Whether the broker has kept the session.</param>
    protected abstract void OnConnected(bool isPresent);

    protected abstract void Take(MqttPacket packet);

    /// <summary>It begins anew, without a session.</summary>
    protected abstract void OnForgotten();

    /// <summary>What has not been sent yet is not sent any more.</summary>
    protected abstract void OnAway();

    private void Connected(MqttPacket packet)
    {
        SimulationFailure.Unless(!IsConnected, $"{id}: a second CONNACK");
        if (packet.Body[1] != 0)
        {
            // Refused for want of room; tried again later.
            Leave(says: false);
            return;
        }

        var isPresent = packet.Body[0] == 1;
        SimulationFailure.Unless(
            isPresent || !_span.MustBePresent(host.Time.NowMs), $"{id}: the session was to be kept, and is gone");
        var mayBeAnother = isPresent && _askedCount > 1 && !_span.MustBePresent(host.Time.NowMs);
        _askedCount = 0;
        _span.Connected();
        IsConnected = true;
        if (mayBeAnother) BecomeAnother();
        else OnConnected(isPresent);
    }

    /// <summary>
    /// The session that is present may have begun with a connection whose CONNACK was lost, after the end of the one
    /// that the client means: MQTT has no way to tell. A new identifier begins a new one.
    /// </summary>
    private void BecomeAnother()
    {
        Leave(says: true);
        _identity++;
        _span = new SessionSpan(expiryMs);
        OnForgotten();
    }

    private static string Text(MqttPacket packet) => packet.Type switch
    {
        MqttPacketType.Publish =>
            $"Publish {packet.PacketId}{(packet.IsDup ? " DUP" : "")}: message {MqttMessage.IdOf(packet.Payload)}",
        MqttPacketType.Connect or MqttPacketType.Disconnect or MqttPacketType.ConnAck => packet.Type.ToString(),
        _ => $"{packet.Type} {packet.PacketId}",
    };

    private void GoAway()
    {
        _transport = null;
        if (IsConnected) _span.WentAway(host.Time.NowMs);
        IsConnected = false;
        OnAway();
    }
}
