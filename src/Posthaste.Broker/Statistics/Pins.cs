using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Storage;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Statistics;

/// <summary>What a queue keeps from being used again.</summary>
/// <param name="MemoryBytes">
/// Blocks of memory that hold at least one message of it that no journal has. Where queues share a block each counts
/// it.
/// </param>
/// <param name="JournalBytes">
/// Journal from its oldest message on. The upkeep copies that message behind the others when its file is wanted again.
/// </param>
/// <param name="JournalPosition">Where its oldest message in the journal is; null when it has none there.</param>
/// <param name="SegmentBytes">Segment files that hold at least one message of it; nobody shares them.</param>
/// <param name="OldestUnacked">Which delivery has been out for the longest, and who has it; null when none is.</param>
public sealed record QueuePins(
    long MemoryBytes, long JournalBytes, long? JournalPosition, long SegmentBytes, OldestDelivery? OldestUnacked)
{
    /// <summary>Of a queue without messages.</summary>
    public static readonly QueuePins None = new(0, 0, null, 0, null);

    /// <summary>All that would come back without it, at most.</summary>
    public long Bytes => MemoryBytes + JournalBytes + SegmentBytes;
}

/// <summary>
/// Which queues hold memory and disk, and through which messages that nobody has acknowledged: why room does not come
/// back. Found by a look at every queue's index and every session, at most once between two samples, and only when
/// somebody wants to know.
/// </summary>
public sealed class Pins
{
    /// <summary>Chunks of sixteen entries looked at in one go: some 20 µs on a queue's strand.</summary>
    private const int ChunksPerStep = 512;

    private readonly Dictionary<BrokerQueue, QueuePins> _byQueue = [];
    private readonly OldestDeliveries _oldest;

    private Pins(OldestDeliveries oldest) => _oldest = oldest;

    /// <summary>All queues that hold something, also those of delayed messages, which no client knows.</summary>
    public IReadOnlyDictionary<BrokerQueue, QueuePins> ByQueue => _byQueue;

    /// <summary>What one queue holds.</summary>
    public QueuePins Of(BrokerQueue queue) => _byQueue.GetValueOrDefault(queue, QueuePins.None);

    /// <summary>Milliseconds that the oldest delivery of a channel has been out; 0 with none.</summary>
    public long OldestUnackedMs(BrokerChannel channel) => _oldest.AgeMs(channel);

    /// <summary>Looks. Not under a lock.</summary>
    internal static Pins Find(MessageBroker broker, long tickNowMs)
    {
        var oldest = new OldestDeliveries(tickNowMs);
        foreach (var connection in broker.Connections) connection.Meter.ShowOldest(connection, oldest);
        var pins = new Pins(oldest);
        var segments = broker.Segments?.BytesByDestination();
        var journalEnd = broker.Data.Journal?.DurablePosition ?? 0;
        foreach (var queue in broker.AllQueues)
        {
            var found = new Survey();
            for (var at = QueueMachine.BrowseStart; queue.Survey(ref at, ChunksPerStep, found);)
            {
            }

            var position = found.OldestInJournal?.Position;
            var held = new QueuePins(
                found.MemoryBytes, position is { } from ? Math.Max(0, journalEnd - from) : 0, position,
                segments?.GetValueOrDefault(queue.Id) ?? 0, oldest.ByQueue.GetValueOrDefault(queue));
            if (held != QueuePins.None) pins._byQueue.Add(queue, held);
        }

        return pins;
    }

    private sealed class Survey : EntrySurvey
    {
        private readonly HashSet<long> _blocks = [];
        private long _last = -1;

        public long MemoryBytes { get; private set; }

        protected override void SeeInArena(in QueueEntry entry)
        {
            var block = MessageArena.BlockOf(entry.Location);
            if (block == _last) return;
            _last = block;
            if (_blocks.Add(block)) MemoryBytes += Math.Max(MessageArena.BlockBytes, entry.Length);
        }
    }
}
