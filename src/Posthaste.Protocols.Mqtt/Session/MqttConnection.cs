using Microsoft.Extensions.Logging;
using Posthaste.Broker;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Statistics;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>Where a connection is between its first byte and its last.</summary>
internal enum ConnectionState
{
    AwaitingConnect,

    /// <summary>CONNECT has come; AUTH packets go back and forth.</summary>
    Authenticating,

    /// <summary>Another connection has the session and is letting go of it.</summary>
    Claiming,

    Running,

    /// <summary>The last packet was sent or has come.</summary>
    Closed,
}

/// <summary>
/// One MQTT connection: its login, its packets, its end. See <see cref="ProtocolSession"/> for the reader.
/// </summary>
internal sealed partial class MqttConnection : ProtocolSession, ISlotHolder, ITrafficSource
{
    private readonly MqttHandler _handler;
    private ConnectionState _state;
    private ConnectRequest? _request;
    private ClientSlot? _slot;
    private MqttSession? _session;
    private ClientLimits _clientLimits;
    private MqttDeliveries? _deliveries;
    private PublishPath? _publishes;
    private ExactlyOnce? _exactlyOnce;
    private Subscriber? _subscriber;
    private volatile ClientSlot? _grantedSlot;
    private long _acknowledgedCount;
    private bool _hasClaimed;
    private bool _hasBegun;

    public MqttConnection(MqttHandler handler, ProtocolConnection transport)
        : base("MQTT", handler.Broker, transport, handler.Scopes, handler.Log)
    {
        _handler = handler;
        Output = new MqttOutput(transport.Transport.Output, OnOutputChanged);
    }

    public override MqttOutput Output { get; }

    public MqttLimits Limits => _handler.Limits;

    public MqttHandler Handler => _handler;

    public VirtualHost Host => Opened.Host;

    public MqttVersion Version => Output.Version;

    /// <summary>The client's session, once it is connected.</summary>
    public MqttSession Session => _session!;

    public SessionStore Store => _slot!.Store;

    /// <summary>Made, like all of these, for the first packet that needs it: an idle client has none.</summary>
    public MqttDeliveries Deliveries =>
        _deliveries ??= new MqttDeliveries(Output, Broker, Session, _clientLimits, OnQueueDeleted)
        {
            Connection = Opened,
        };

    /// <summary>What it has counted. Any thread, as an estimate.</summary>
    public Traffic Traffic => new(
        _publishes?.Count ?? 0, _deliveries?.SentCount ?? 0, _deliveries?.TooLargeCount ?? 0,
        _session?.SubscriptionCount ?? 0);

    void ITrafficSource.ReadTraffic(ref TrafficCounts into)
    {
        into.Deliveries = Output.Deliveries;
        into.Publishing.AcknowledgedCount = _acknowledgedCount;
        if (_publishes is not { } publishes)
            return;
        into.Publishing.PublishedCount = publishes.Count;
        into.Publishing.DroppedCount = publishes.DroppedCount;
        into.ToConfirmCount = publishes.ToConfirmCount;
        into.ConfirmedCount = publishes.ConfirmedCount;
    }

    void ITrafficSource.ShowOldest(OldestDeliveries into)
    {
        if (_deliveries is not { Window: { Count: > 0 } window })
            return;
        lock (Output.Gate)
            window.ShowOldest(into);
    }

    protected override bool HasEnded => _state == ConnectionState.Closed;

    protected override bool IsRunning => _state == ConnectionState.Running;

    protected override int DrainMsMax => Limits.CloseMsMax;

    protected override bool MustLinger => _hasSentLast;

    protected override bool MustHold => _state == ConnectionState.Claiming && _grantedSlot is null;

    public ILogger Logger => Log;

    private PublishPath Publishes => _publishes ??= new PublishPath(this);

    private Subscriber Subscriber => _subscriber ??= new Subscriber(this);

    /// <summary>QoS 2 of the session.</summary>
    public ExactlyOnce ExactlyOnce => _exactlyOnce ??= new ExactlyOnce(this);

    public void RequestSlot() => RequestClose(
        new CloseRequest(CloseCause.TakenOver, "another connection uses the same client identifier"));

    public void GrantSlot(ClientSlot slot)
    {
        _grantedSlot = slot;
        InterruptReader();
    }

    /// <summary>Lets the reader go on with what it sends of its own accord. Any thread.</summary>
    public void Continue() => InterruptReader();

    /// <summary>There is room again, for retained messages too.</summary>
    private void OnOutputChanged()
    {
        if (_subscriber is { HasRetained: true })
            InterruptReader();
        else
            Wake();
    }

    protected override void HandOver(ReadScope scope)
    {
        _publishes?.Flush(scope);
        _exactlyOnce?.Flush(scope);
        scope.HandOver();
    }

    protected override bool OnEndOfInput() => false;

    protected override void OnEnded() => _state = ConnectionState.Closed;

    protected override void ReturnHeld(ReadScope scope)
    {
        if (_hasBegun)
        {
            _hasBegun = false;
            _handler.Statistics.Ended(this);
            _subscriber?.End(scope);
            _subscriber = null;
            _publishes?.Close();
            _exactlyOnce?.Close();
            ReturnDeliveries(scope);
        }

        if (_slot is { } slot)
        {
            _slot = null;

            // Before the next connection gets the session: its queues have all back, and the exclusive one is gone.
            HandOver(scope);
            scope.Flushes.FlushAll();
            EndOrKeepSession(slot);
            Opened.Dispose();
            _handler.Registry.Release(slot.Host, slot.ClientId, this);
        }
        else if (_hasClaimed)
        {
            _handler.Registry.Release(Host, _request!.ClientId, this);
        }

        _hasClaimed = false;
    }

    /// <summary>Somebody has deleted a queue of the client's. On the queue's strand.</summary>
    private void OnQueueDeleted(QueueDelivery delivery)
    {
        MqttLog.QueueDeleted(Log, Session.ClientId, delivery.Queue.Name);
        ThreadPool.UnsafeQueueUserWorkItem(
            static connection => connection.RequestFail(
                new WireError(ReasonCode.AdministrativeAction, "a queue of the session was deleted")),
            this, preferLocal: false);
    }

    private void ReturnDeliveries(ReadScope scope)
    {
        if (_deliveries is not { } deliveries)
            return;
        _deliveries = null;
        var taken = scope.LendTaken();
        lock (Output.Gate)
            deliveries.Window.TakeAll(taken);
        foreach (var delivery in taken)
            scope.Settlements.Add(delivery, Settlement.Requeue, scope.Flushes);
    }
}
