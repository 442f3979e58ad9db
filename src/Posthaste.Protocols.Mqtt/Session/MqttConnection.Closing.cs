using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>Errors, keep-alive and the ways in which a connection ends.</summary>
internal sealed partial class MqttConnection
{
    private const int MsPerSecond = 1000;

    private int _keepAliveS;
    private long _startedMs;
    private long _lastReceivedMs;
    private bool _hasGoodbye;
    private bool _hasSentLast;
    private Failure? _failure;

    protected override void OnCloseRequested(CloseRequest request)
    {
        if (_state == ConnectionState.Running)
            Fail(_failure?.Error ?? ToError(request));
        else if (_state is ConnectionState.Authenticating or ConnectionState.Claiming)
            RefuseConnect(new WireError(ReasonCode.ServerUnavailable, request.Text));
        else
            _state = ConnectionState.Closed;
    }

    /// <summary>Ends the connection from outside of the reader, in the protocol's words.</summary>
    public void RequestFail(WireError error)
    {
        Interlocked.CompareExchange(ref _failure, new Failure(error), null);
        RequestClose(new CloseRequest(CloseCause.Operator, error.Detail));
    }

    private static WireError ToError(CloseRequest request) => new(
        request.Cause switch
        {
            CloseCause.Shutdown => ReasonCode.ServerShuttingDown,
            CloseCause.LoginExpired => ReasonCode.MaximumConnectTime,
            CloseCause.TakenOver => ReasonCode.SessionTakenOver,
            CloseCause.JournalFailed => ReasonCode.ImplementationSpecificError,
            _ => ReasonCode.AdministrativeAction,
        },
        request.Text);

    /// <summary>
    /// Tells a client of MQTT 5 what is wrong, then closes [MQTT-4.13.1-1]; one of 3.x is closed without a word.
    /// </summary>
    private void Fail(WireError error)
    {
        if (_state != ConnectionState.Running)
            return;
        MqttLog.Failed(Log, Peer, Session.ClientId, error.Code, error.Detail);
        _state = ConnectionState.Closed;
        if (Version != MqttVersion.V5)
            return;

        // A reason is left out where it would make the packet too large [MQTT-3.14.2-3]. Request Problem Information
        // allows it here and in CONNACK [MQTT-3.1.2-29]; no other packet has one.
        Span<byte> buffer = stackalloc byte[ReasonProperties.BytesMax];
        var packet = new Disconnect { Code = error.Code, Properties = ReasonProperties.Write(buffer, error.Detail) };
        if (PacketFrame.GetBytes(packet, Version) > _clientPacketBytesMax)
            packet = new Disconnect { Code = error.Code };
        Output.SendPacket(packet);
        _hasSentLast = true;
    }

    private void HandleDisconnect(Packet packet, ReadScope scope)
    {
        if (!Disconnect.TryRead(packet, Version, out var disconnect, out var error))
        {
            Fail(error);
            return;
        }

        if (disconnect.Properties.Has(PropertyId.ServerReference)) // [MQTT-3.14.2-2], section 3.14.2.2.5
        {
            Fail(WireError.Protocol("a server reference from a client"));
            return;
        }

        if (disconnect.Properties.TryFind(PropertyId.SessionExpiryInterval, out var expiry))
        {
            // A session that was to end with its connection cannot be told otherwise: section 3.14.2.2.2.
            if (Session.ExpiryS == 0 && expiry.Number != 0)
            {
                Fail(WireError.Protocol("a session expiry for a session that has none"));
                return;
            }

            Session.ExpiryS = CapExpiry(expiry.Number);
        }

        HandOver(scope);
        _hasGoodbye = disconnect.Code == ReasonCode.Success;
        MqttLog.Disconnected(Log, Peer, Session.ClientId, disconnect.Code);
        _state = ConnectionState.Closed;
    }

    /// <summary>The connection is over: its session ends with it, or waits, and so does its will.</summary>
    private void EndOrKeepSession(ClientSlot slot)
    {
        if (_session is not { } session)
        {
            // Refused before it had one: what was kept before stays.
            if (!slot.IsKept)
                slot.Store.RemoveAll();
            return;
        }

        var will = slot.Store.TryGetWill();
        if (will is not null && (_hasGoodbye || !WillPublisher.IsAllowed(will, Opened))) // [MQTT-3.14.4-3]
        {
            slot.Store.RemoveWill();
            will = null;
        }

        if (session.ExpiryS == 0)
        {
            // The will is published by the end of the session.
            _handler.Registry.EndSession(slot, Opened);
            return;
        }

        if (will is { DelayS: 0 })
        {
            WillPublisher.Publish(slot.Host, will, slot.Store, Opened);
            will = null;
        }

        _handler.Registry.Schedule(slot, session.ExpiryS, will?.DelayS);
    }

    public override void Tick(long nowMs)
    {
        if (_startedMs == 0)
            _startedMs = _lastReceivedMs = nowMs;

        // A blocked connection is not read, so its silence means nothing.
        if (TakeHasReceived() || IsBlocked)
            _lastReceivedMs = nowMs;
        if (_state < ConnectionState.Running)
        {
            if (nowMs - _startedMs > Limits.ConnectMsMax)
                Cut("no CONNECT in time");
        }
        else if (_keepAliveS > 0 && nowMs - _lastReceivedMs > _keepAliveS * (MsPerSecond + (MsPerSecond / 2)))
        {
            // One and a half times the keep-alive [MQTT-3.1.2-22].
            RequestFail(new WireError(
                ReasonCode.KeepAliveTimeout, $"nothing was heard for one and a half times {_keepAliveS} s"));
        }

        NoteAges(nowMs);
        if (Output.IsStalled(nowMs, Broker.Options.WriteStallMsMax))
            Cut("the client does not read");
    }

    private void NoteAges(long nowMs)
    {
        if (_deliveries is not { Window: { Count: > 0 } window })
            return;
        lock (Output.Gate)
            window.NoteAges(nowMs);
    }

    private sealed record Failure(WireError Error);
}
