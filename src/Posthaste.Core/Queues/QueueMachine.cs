using System.Runtime.CompilerServices;
using Posthaste.Primitives;

namespace Posthaste.Core.Queues;

/// <summary>
/// One queue: which entries it has, in which order, who gets the next one and what becomes of it. Deterministic and
/// synchronous: commands and time (<c>nowMs</c>, Unix milliseconds) come in, effects go out through <see
/// cref="IQueueEffects"/>. It holds positions of messages, never their bytes.
/// <para>Thread rule: every member belongs to the queue's strand.</para>
/// <para>Order: strict by priority level, within a level the order of arrival; a returned entry gets its old place
/// back.</para>
/// <para>Memory: 24 bytes per entry in memory; entries moved to a segment cost nothing each (see <see
/// cref="ColdSpan"/>), so a backlog is bounded by what storage evacuates. Append, deliver and settle allocate nothing
/// in steady state.</para>
/// <para>After a command the caller looks at <see cref="HasWork"/> (then <see cref="Deliver"/>) and
/// <see cref="NextDueMs"/> (then <see cref="Tick"/> at that time).</para>
/// </summary>
public sealed partial class QueueMachine
{
    private readonly bool _isDurable;
    private readonly IQueueEffects _effects;
    private readonly QueueTotals _totals = new();
    private readonly ConsumerSet _consumers;
    private readonly DeadLetterHold _hold = new();

    // Created on first use. By level for lookup, by descending level for delivery.
    private readonly EntryLog?[] _logByLevel;
    private readonly List<EntryLog> _logs = [];

    private static readonly Dictionary<EntryId, EntryCounters> NoCounters = [];

    // Of entries that were returned at least once; null until there is one, as what follows for its kind: most queues
    // of very many are empty.
    private Dictionary<EntryId, EntryCounters>? _counters;

    // The head could not go out though somebody has room: its bytes, its index or the delivery mark are awaited.
    private bool _isStalled;

    /// <param name="settings">
    /// Behaviour; the number of levels and single active consumer are fixed by it for good.
    /// </param>
    /// <param name="durable">Persistent entries survive a restart: deliveries wait for the delivery mark.</param>
    /// <param name="effects">Told and asked during commands.</param>
    public QueueMachine(QueueSettings settings, bool durable, IQueueEffects effects)
    {
        Settings = settings;
        _isDurable = durable;
        _effects = effects;
        _consumers = new ConsumerSet(settings.SingleActiveConsumer);
        _logByLevel = new EntryLog?[settings.PriorityMax + 1];
    }

    public QueueSettings Settings { get; private set; }

    /// <summary>Entries waiting for a consumer, in memory or not.</summary>
    public long ReadyCount => _totals.ReadyCount;

    /// <summary>
    /// Their body bytes. An estimate after a recovery until blocks with settled entries have been loaded.
    /// </summary>
    public long ReadyBodyBytes => _totals.ReadyBodyBytes;

    /// <summary>Entries handed out and neither settled nor returned.</summary>
    public long UnackedCount { get; private set; }

    /// <summary>Entries in blocks that could not be read; not part of any other count.</summary>
    public long LostCount => _totals.LostCount;

    public int ConsumerCount => _consumers.Count;

    /// <summary>The single active consumer, or null when none is or the queue has no such rule.</summary>
    public QueueConsumer? ActiveConsumer => _consumers.Active;

    /// <summary>Entries with an index in memory: ready, unacknowledged and held ones.</summary>
    public long ResidentEntryCount
    {
        get
        {
            var count = 0L;
            foreach (var log in _logs)
            {
                count += log.Chunks.LiveCount;
            }

            return count;
        }
    }

    /// <summary>
    /// A policy changed the behaviour. Limits apply at once; a time to live applies to messages from now on, those in
    /// the queue keep the expiry that they arrived with. Priority levels and single active consumer stay as declared.
    /// </summary>
    public void Update(QueueSettings settings, long nowMs)
    {
        Settings = Adopt(settings);
        DropHeads(nowMs, TickBudget);
    }

    /// <summary>
    /// Adds a message at the end of its level. While no consumer could take one at once, entries over the maximum
    /// length leave from the head (which may be this one); else the <see cref="Deliver"/> that follows sees to that.
    /// </summary>
    /// <returns>The entry's id: levels and sequence numbers follow from the order of appends alone.</returns>
    public EntryId Append(in Arrival arrival, long nowMs)
    {
        var log = Log(arrival.Priority);
        _isStalled = _isStalled && log.Level <= HeadLog()!.Level;
        var seq = log.Append(ToEntry(arrival, nowMs));
        if (IsOverLimit)
        {
            DropHeads(nowMs, TickBudget);
        }

        return log.Id(seq);
    }

    /// <summary>
    /// Whether the queue refuses more messages (<see cref="OverflowPolicy.RejectPublish"/> and its dead-lettering
    /// sibling). Asked before a message is journaled: what was journaled is always appended.
    /// </summary>
    /// <param name="arrivingCount">Messages on their way to the queue, the one in question included.</param>
    /// <param name="arrivingBodyBytes">Their body bytes.</param>
    public bool WouldRefuse(int arrivingCount, long arrivingBodyBytes) =>
        Settings.Overflow != OverflowPolicy.DropHead
        && (ReadyCount + arrivingCount > (Settings.LengthMax ?? long.MaxValue)
            || ReadyBodyBytes + arrivingBodyBytes > (Settings.BytesMax ?? long.MaxValue));

    /// <summary>Policies say nothing of these, so that most settings are taken as they are and shared.</summary>
    private QueueSettings Adopt(QueueSettings settings) =>
        settings.PriorityMax == Settings.PriorityMax && settings.SingleActiveConsumer == Settings.SingleActiveConsumer
            ? settings
            : settings with
            {
                PriorityMax = Settings.PriorityMax,
                SingleActiveConsumer = Settings.SingleActiveConsumer,
            };

    private QueueEntry ToEntry(in Arrival arrival, long arrivedAtMs)
    {
        var ttlMs = Settings.MessageTtlMs ?? -1;
        if (arrival.TtlMs >= 0 && (ttlMs < 0 || arrival.TtlMs < ttlMs))
        {
            ttlMs = arrival.TtlMs;
        }

        return new QueueEntry
        {
            Location = arrival.Location,
            Length = arrival.Length,
            BodyBytes = arrival.BodyBytes,
            ExpiresAtMs = ttlMs < 0 ? 0 : arrivedAtMs + ttlMs,
            Flags = arrival.Persistent ? EntryFlags.Persistent : EntryFlags.None,
        };
    }

    private EntryLog Log(byte priority)
    {
        var level = Math.Min(priority, (byte)(_logByLevel.Length - 1));
        return _logByLevel[level] ?? CreateLog(level);
    }

    private EntryLog CreateLog(byte level)
    {
        var log = new EntryLog(level, _totals, _effects, NearHeadCount, IsByDue);
        _logByLevel[level] = log;
        var index = _logs.FindIndex(other => other.Level < level);
        _logs.Insert(index < 0 ? _logs.Count : index, log);
        if (_consumers.Count > 0)
        {
            LeaseAhead(log, log.Cursor);
        }

        return log;
    }

    /// <summary>The level of an id that somebody else holds, or null if there is none.</summary>
    private EntryLog? LogOf(EntryId id) => id.Level < _logByLevel.Length ? _logByLevel[id.Level] : null;

    /// <summary>The highest level with a ready entry, or null.</summary>
    private EntryLog? HeadLog()
    {
        foreach (var log in _logs)
        {
            if (log.ReadyCount > 0)
            {
                return log;
            }
        }

        return null;
    }

    private Dictionary<EntryId, EntryCounters> Counters => _counters ??= [];

    private EntryCounters CountersOf(EntryId id, in QueueEntry entry) =>
        entry.Is(EntryFlags.Counted) ? Counters.GetValueOrDefault(id) : default;

    /// <summary>
    /// Takes a live entry out; the caller reports how it left and then calls <see cref="EntryLog.DropSpanIfEmpty"/>.
    /// </summary>
    private QueueEntry Remove(EntryLog log, ulong seq)
    {
        ref var entry = ref log.Chunks.Find(seq);
        Checks.Require(!Unsafe.IsNullRef(ref entry));
        var removed = log.Remove(seq, ref entry);
        if (removed.Is(EntryFlags.Counted))
        {
            _counters?.Remove(log.Id(seq));
        }

        return removed;
    }

    private void Settle(EntryLog log, ulong seq)
    {
        var settled = Remove(log, seq);
        _effects.Settled(log.Id(seq), settled);
        log.DropSpanIfEmpty(settled.Location);
    }
}
