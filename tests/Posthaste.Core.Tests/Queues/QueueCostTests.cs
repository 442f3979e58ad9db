using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Core.Tests.Queues;

/// <summary>What the queue costs: bytes allocated and work done, counted rather than timed.</summary>
public sealed class QueueCostTests
{
    private const int RoundCount = 30;
    private const int BatchCount = 500;

    [Theory]
    [InlineData(false, 0, -1)]
    [InlineData(true, 0, -1)]
    [InlineData(true, 9, -1)]
    [InlineData(true, 0, 60_000)]
    public void Append_deliver_and_settle_allocate_nothing(bool isDurable, byte priorityMax, long ttlMs)
    {
        var effects = new CountingEffects();
        var queue = new QueueMachine(new QueueSettings { PriorityMax = priorityMax }, isDurable, effects);
        var consumers = new[] { new TestConsumer("a"), new TestConsumer("b") { PrefetchMax = 300 } };
        foreach (var consumer in consumers)
        {
            Assert.True(queue.TryAddConsumer(consumer, out _));
        }

        // The runtime allocates a little on this thread while it replaces code by better code, and tests beside this
        // one use the same pool of chunks: the best round counts. What an entry allocates, every round does.
        var (least, rounds) = (long.MaxValue, 0);
        while (least > 0 && rounds < RoundCount)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Run(queue, effects, batchCount: 20, isDurable, ttlMs);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            rounds++;
        }

        Assert.Equal(0, least);
        Assert.Equal(20L * rounds * BatchCount, effects.SettledCount);
    }

    [Fact]
    public void Full_consumers_cost_a_delivery_nothing()
    {
        // Everybody is asked once, and then only who has room.
        var effects = new CountingEffects();
        var queue = new QueueMachine(new QueueSettings(), durable: false, effects);
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(queue.TryAddConsumer(new TestConsumer("full") { Room = 0 }, out _));
        }

        Assert.True(queue.TryAddConsumer(new TestConsumer("open"), out _));
        Append(queue, 2_000, isPersistent: false, ttlMs: -1, nowMs: 0);
        while (queue.HasWork)
        {
            queue.Deliver(100, nowMs: 0);
        }

        Assert.Equal(2_000 + 1_000, effects.OfferCount);
    }

    [Fact]
    public void A_backlog_in_segments_costs_no_entries_in_memory()
    {
        const int entryCount = 100_000;
        var effects = new CountingEffects();
        var queue = new QueueMachine(new QueueSettings(), durable: true, effects);
        Append(queue, entryCount, isPersistent: true, ttlMs: -1, nowMs: 0);
        var candidates = new List<EvacuationCandidate>();
        for (var segmentId = 1U; queue.CollectEvacuation(Beyond, candidates, 1_000) > 0; segmentId++)
        {
            queue.MovedToSegment(0, Block(segmentId, candidates), Entries(candidates));
            candidates.Clear();
        }

        Assert.Equal(entryCount, queue.ReadyCount);
        Assert.InRange(queue.ResidentEntryCount, 1, 2 * queue.NearHeadCount);
    }

    private static MessageLocation Beyond => MessageLocation.Journal(1L << 40);

    private static void Run(QueueMachine queue, CountingEffects effects, int batchCount, bool isPersistent, long ttlMs)
    {
        for (var batch = 0; batch < batchCount; batch++)
        {
            Append(queue, BatchCount, isPersistent, ttlMs, batch);
            while (queue.HasWork || effects.HasDeliveries)
            {
                queue.Deliver(BatchCount, batch);
                effects.SettleAll(queue);
            }
        }
    }

    private static void Append(QueueMachine queue, int count, bool isPersistent, long ttlMs, long nowMs)
    {
        for (var i = 0; i < count; i++)
        {
            queue.Append(
                new Arrival
                {
                    Location = MessageLocation.Journal(i),
                    Length = 100,
                    BodyBytes = 10,
                    Priority = (byte)i,
                    Persistent = isPersistent,
                    TtlMs = ttlMs,
                },
                nowMs);
        }
    }

    private static ColdBlock Block(uint segmentId, List<EvacuationCandidate> candidates) => new(
        segmentId, 0, 1 << 20, candidates[0].Id.Seq, candidates[^1].Id.Seq, candidates.Count,
        candidates.Sum(candidate => (long)candidate.Entry.BodyBytes), 0);

    private static (ulong Seq, uint Offset)[] Entries(List<EvacuationCandidate> candidates) =>
        [.. candidates.Select((candidate, i) => (candidate.Id.Seq, (uint)(i * 100)))];

    /// <summary>
    /// Takes all that fits, counts, allocates nothing; marks are durable as soon as the next delivery starts.
    /// </summary>
    private sealed class CountingEffects : IQueueEffects
    {
        private readonly (EntryId Id, QueueConsumer Consumer)[] _deliveries = new (EntryId, QueueConsumer)[BatchCount];
        private readonly ulong[] _marks = new ulong[256];
        private int _deliveryCount;
        private bool _hasMarks;

        public long SettledCount { get; private set; }

        public long OfferCount { get; private set; }

        public bool HasDeliveries => _deliveryCount > 0 || _hasMarks;

        public void SettleAll(QueueMachine queue)
        {
            for (var level = 0; _hasMarks && level < _marks.Length; level++)
            {
                if (_marks[level] != 0)
                {
                    queue.DeliveryMarkDurable((byte)level, _marks[level]);
                    _marks[level] = 0;
                }
            }

            _hasMarks = false;
            for (; _deliveryCount > 0; _deliveryCount--)
            {
                var (id, consumer) = _deliveries[_deliveryCount - 1];
                Assert.True(queue.Settle(id, consumer));
            }
        }

        public OfferResult Offer(QueueConsumer consumer, EntryId id, in QueueEntry entry, EntryCounters counters)
        {
            OfferCount++;
            if (((TestConsumer)consumer).Room is 0)
            {
                return OfferResult.ConsumerFull;
            }

            if (_deliveryCount < _deliveries.Length)
            {
                _deliveries[_deliveryCount++] = (id, consumer);
            }

            return OfferResult.Taken;
        }

        public void Settled(EntryId id, in QueueEntry entry) => SettledCount++;

        public void SettledRange(EntryId first, ulong count) => SettledCount += (long)count;

        public void Released(in QueueEntry entry)
        {
        }

        public DeadLetterOutcome DeadLettered(
            EntryId id, in QueueEntry entry, DeadLetterReason reason, EntryCounters counters) =>
            DeadLetterOutcome.Moving;

        public void Returned(EntryId id, in QueueEntry entry, EntryCounters counters, long dueMs)
        {
        }

        public void DeliveryMark(byte level, ulong belowSeq) => (_marks[level], _hasMarks) = (belowSeq, true);

        public void LoadColdBlock(byte level, in ColdBlock block)
        {
        }

        public void ColdBlockDropped(byte level, in ColdBlock block)
        {
        }
    }
}
