using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Scheduling;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>Who has the session of a client identifier, or wants it.</summary>
internal interface ISlotHolder
{
    /// <summary>Another one wants the session: lets go of it soon. Any thread.</summary>
    void RequestSlot();

    /// <summary>The session is this one's now. Any thread.</summary>
    void GrantSlot(ClientSlot slot);
}

/// <summary>
/// A client identifier in a virtual host: who is connected under it, and what is kept between connections.
/// </summary>
internal sealed class ClientSlot(VirtualHost host, string clientId)
{
    public VirtualHost Host { get; } = host;

    public string ClientId { get; } = clientId;

    public SessionStore Store { get; } = new(host, clientId);

    /// <summary>The connection that has the session.</summary>
    public ISlotHolder? Holder { get; set; }

    /// <summary>The connection that gets it when the holder has let go.</summary>
    public ISlotHolder? Next { get; set; }

    /// <summary>There is a session that outlives its connection.</summary>
    public bool IsKept { get; set; }

    /// <summary>When the session ends, unless the client comes back.</summary>
    public long EndsAtMs { get; set; } = long.MaxValue;

    /// <summary>When the will of the connection that was lost is due.</summary>
    public long WillAtMs { get; set; } = long.MaxValue;
}

/// <summary>
/// The clients of all virtual hosts: one connection for each identifier, take-over, and the end of sessions and the
/// wills of those that stay away. Any thread.
/// </summary>
/// <remarks>
/// The lock guards the slots and is held for nothing else. A slot with a holder belongs to that connection's reader;
/// one without to whoever takes it under the lock.
/// </remarks>
internal sealed class SessionRegistry : ITickable, IThreadPoolWorkItem
{
    private const int MsPerSecond = 1000;

    private readonly MessageBroker _broker;
    private readonly MqttLimits _limits;
    private readonly SharedGroups _groups;
    private readonly Lock _lock = new();
    private readonly Dictionary<(VirtualHost Host, string ClientId), ClientSlot> _slots = [];
    private readonly Dictionary<VirtualHost, int> _keptCount = [];

    // Ends of sessions that are not durable yet, which a crash would take back.
    private readonly Dictionary<(VirtualHost Host, string ClientId), int> _endings = [];
    private readonly PriorityQueue<ClientSlot, long> _due = new();
    private bool _isRunning;

    public SessionRegistry(MessageBroker broker, MqttLimits limits, SharedGroups groups)
    {
        _broker = broker;
        _limits = limits;
        _groups = groups;
        foreach (var host in broker.VirtualHosts)
            Restore(host);
    }

    /// <summary>Sessions that are there, connected or not.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _slots.Count;
        }
    }

    /// <summary>
    /// Asks for the session of a client identifier. Another connection that has it is told to go [MQTT-3.1.4-3]; then
    /// <see cref="ISlotHolder.GrantSlot"/> is called when it has.
    /// </summary>
    /// <returns>The slot if it is free, and the caller's now.</returns>
    public ClientSlot? Claim(VirtualHost host, string clientId, ISlotHolder by)
    {
        ISlotHolder? holder, waiting;
        lock (_lock)
        {
            if (!_slots.TryGetValue((host, clientId), out var slot))
                _slots[(host, clientId)] = slot = new ClientSlot(host, clientId);
            if (slot.Holder is null)
            {
                slot.Holder = by;
                return slot;
            }

            (holder, waiting) = (slot.Holder, slot.Next);
            slot.Next = by;
        }

        holder.RequestSlot();
        waiting?.RequestSlot();
        return null;
    }

    /// <summary>The connection has let go of everything: the slot is the next one's.</summary>
    public void Release(VirtualHost host, string clientId, ISlotHolder by)
    {
        ClientSlot? slot;
        ISlotHolder? next;
        lock (_lock)
        {
            if (!_slots.TryGetValue((host, clientId), out slot))
                return;
            if (slot.Next == by)
                slot.Next = null;
            if (slot.Holder != by)
                return;
            (slot.Holder, slot.Next) = (slot.Next, null);
            next = slot.Holder;
            if (next is null)
                Park(slot);
        }

        next?.GrantSlot(slot);
    }

    /// <summary>Counts one more session that outlives its connection.</summary>
    /// <returns>False when there are as many as may be.</returns>
    public bool TryKeep(ClientSlot slot)
    {
        lock (_lock)
        {
            var count = _keptCount.GetValueOrDefault(slot.Host);
            if (count >= _limits.SessionsMax || slot.Host.IsDeleted)
                return false;
            _keptCount[slot.Host] = count + 1;
            slot.IsKept = true;
            return true;
        }
    }

    /// <summary>
    /// The session of a slot that is the caller's ends: its queue, what is remembered of it, and its place in groups. A
    /// will that waits is published now, because the session ends before its time (section 3.1.3.2.2).
    /// </summary>
    /// <param name="slot">Whose.</param>
    /// <param name="by">The connection that ends with it; null when it is long gone.</param>
    public void EndSession(ClientSlot slot, BrokerConnection? by = null)
    {
        if (slot.Store.TryGetWill() is { } will)
            WillPublisher.Publish(slot.Host, will, slot.Store, by);
        foreach (var filter in slot.Store.SharedFilters())
            _groups.Leave(slot.Host, SharedGroup.Parse(filter), slot.ClientId);
        slot.Host.RemoveQueue(MqttSession.QueueNameOf(slot.ClientId));
        slot.Store.RemoveAll();
        lock (_lock)
        {
            if (slot.IsKept && _broker.Pipeline.HasJournal)
            {
                var key = (slot.Host, slot.ClientId);
                _endings[key] = _endings.GetValueOrDefault(key) + 1;
                _broker.Pipeline.Post(new Ending(this, slot));
            }

            if (slot.IsKept)
                _keptCount[slot.Host]--;
            slot.IsKept = false;
            (slot.EndsAtMs, slot.WillAtMs) = (long.MaxValue, long.MaxValue);
        }
    }

    /// <summary>
    /// Whether a session of this client identifier has ended in memory only: nobody may be told yet that it is gone.
    /// </summary>
    public bool IsEnding(ClientSlot slot)
    {
        lock (_lock)
            return _endings.ContainsKey((slot.Host, slot.ClientId));
    }

    /// <summary>
    /// The connection of a session that is kept ends: when the session does, and when the will is due, if there is one.
    /// </summary>
    public void Schedule(ClientSlot slot, uint expiryS, uint? willDelayS)
    {
        var nowMs = _broker.NowMs;
        slot.EndsAtMs = expiryS == MqttLimits.Never ? long.MaxValue : nowMs + ((long)expiryS * MsPerSecond);
        slot.WillAtMs = willDelayS is { } delayS ? nowMs + ((long)delayS * MsPerSecond) : long.MaxValue;
        slot.Store.SetFacts(new SessionFacts(expiryS, slot.EndsAtMs, slot.WillAtMs));
    }

    /// <summary>
    /// The virtual host is deleted, and with it the sessions, their queues and their notes, and wills that wait.
    /// Connections end by themselves, and leave nothing then.
    /// </summary>
    public void Forget(VirtualHost host)
    {
        lock (_lock)
        {
            foreach (var slot in _slots.Values.Where(slot => slot.Host == host).ToArray())
            {
                slot.IsKept = false;
                if (slot.Holder is null)
                    _slots.Remove((slot.Host, slot.ClientId));
            }

            _keptCount.Remove(host);
            var rest = _due.UnorderedItems.Where(item => item.Element.Host != host).ToArray();
            _due.Clear();
            _due.EnqueueRange(rest);
        }

        _groups.Forget(host);
    }

    public void Tick(long nowMs)
    {
        lock (_lock)
        {
            if (_isRunning || !_due.TryPeek(out _, out var dueMs) || dueMs > _broker.NowMs)
                return;
            _isRunning = true;
        }

        _broker.Scheduler.Schedule(this);
    }

    /// <summary>Does what is due.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        while (TryTakeDue(out var slot, out var hasWill))
        {
            if (slot.EndsAtMs <= _broker.NowMs)
                EndSession(slot);
            else if (hasWill && slot.Store.TryGetWill() is { } will)
                WillPublisher.Publish(slot.Host, will, slot.Store, by: null);
            Release(slot.Host, slot.ClientId, Housekeeper.Instance);
        }
    }

    /// <summary>Takes a slot that nobody is connected under; connections that come meanwhile wait for it.</summary>
    private bool TryTakeDue(out ClientSlot slot, out bool hasWill)
    {
        hasWill = false;
        lock (_lock)
        {
            while (_due.TryPeek(out slot!, out var dueMs) && dueMs <= _broker.NowMs)
            {
                _due.Dequeue();
                hasWill = slot.WillAtMs == dueMs;
                if (slot.Holder is not null || (slot.EndsAtMs != dueMs && !hasWill))
                    continue;
                slot.Holder = Housekeeper.Instance;
                slot.WillAtMs = long.MaxValue;
                return true;
            }

            _isRunning = false;
            return false;
        }
    }

    /// <summary>Nobody is connected: the slot waits for what is due, or goes. Under the lock.</summary>
    private void Park(ClientSlot slot)
    {
        if (!slot.IsKept)
        {
            _slots.Remove((slot.Host, slot.ClientId));
            return;
        }

        if (slot.EndsAtMs != long.MaxValue)
            _due.Enqueue(slot, slot.EndsAtMs);
        if (slot.WillAtMs < slot.EndsAtMs)
            _due.Enqueue(slot, slot.WillAtMs);
    }

    /// <summary>Finds what an earlier life of the broker has left.</summary>
    private void Restore(VirtualHost host)
    {
        foreach (var clientId in SessionStore.ClientsOf(host))
        {
            var slot = new ClientSlot(host, clientId);
            foreach (var filter in slot.Store.SharedFilters())
                _groups.Restore(host, SharedGroup.Parse(filter), clientId);
            if (slot.Store.TryGetFacts() is not { } facts)
            {
                // The will of a session that ended with its connection, when the broker did.
                EndSession(slot);
                continue;
            }

            slot.IsKept = true;
            _keptCount[host] = _keptCount.GetValueOrDefault(host) + 1;
            _slots[(host, clientId)] = slot;
            if (facts.EndsAtMs == SessionFacts.IsConnected)
                Schedule(slot, facts.ExpiryS, slot.Store.TryGetWill()?.DelayS);
            else
                (slot.EndsAtMs, slot.WillAtMs) = (facts.EndsAtMs, facts.WillAtMs);
            Park(slot);
        }

        RemoveOrphans(host);
    }

    /// <summary>
    /// A crash between the end of a session and that of its queue leaves a queue that nobody asks for.
    /// </summary>
    private void RemoveOrphans(VirtualHost host)
    {
        foreach (var queue in host.Catalog.Queues.ToArray())
        {
            var isOrphan = MqttSession.ClientOfQueue(queue.Name) is { } clientId
                ? !_slots.ContainsKey((host, clientId))
                : queue.Name.StartsWith(SharedGroup.QueuePrefix, StringComparison.Ordinal)
                    && !_groups.HasMembers(host, queue.Name);
            if (isOrphan)
                host.RemoveQueue(queue.Name);
        }
    }

    /// <summary>The end of a session is durable.</summary>
    private void Ended(ClientSlot slot)
    {
        lock (_lock)
        {
            var key = (slot.Host, slot.ClientId);
            if (--_endings[key] == 0)
                _endings.Remove(key);
        }
    }

    private sealed class Ending(SessionRegistry registry, ClientSlot slot) : PipelineCallback
    {
        protected override void Applied(bool durable, FlushSet flushes) => registry.Ended(slot);
    }

    /// <summary>Has a slot while what is due for it is done.</summary>
    private sealed class Housekeeper : ISlotHolder
    {
        public static readonly Housekeeper Instance = new();

        public void RequestSlot()
        {
            // It lets go without being asked.
        }

        public void GrantSlot(ClientSlot slot)
        {
            // It never waits.
        }
    }
}
