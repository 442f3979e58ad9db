using System.Buffers;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Core.Tests.Queues;

/// <summary>Cold blocks, the snapshot and the rest that has to do with storage, case by case.</summary>
public sealed class QueueStorageTests
{
    private const int EntryBytes = 50;

    private readonly RecordingEffects _effects = new();

    [Fact]
    public void A_cold_block_is_loaded_when_the_head_gets_there()
    {
        var queue = Queue(entryCount: 6);
        var block = Move(queue, 2, 3, 4, 5);
        Assert.Equal((6, 2), (queue.ReadyCount, queue.ResidentEntryCount));
        Assert.True(queue.TryAddConsumer(new TestConsumer("a"), out _));
        queue.DeliveryMarkDurable(0, 100);
        Assert.Equal(1, queue.Deliver(10, nowMs: 0).Count);
        Assert.False(queue.HasWork);
        Assert.Equal([((byte)0, block)], _effects.Loads);
        queue.ColdBlockLoaded(0, block, Stored(block, 2, 3, 4, 5));
        Assert.True(queue.HasWork);
        Assert.Equal(5, queue.Deliver(10, nowMs: 0).Count);
        Assert.Equal([1, 2, 3, 4, 5, 6], _effects.Delivered.Select(id => (int)id.Seq));
    }

    [Fact]
    public void A_damaged_block_is_passed_over_and_counted()
    {
        var queue = Queue(entryCount: 6);
        var block = Move(queue, 2, 3);
        Assert.True(queue.TryAddConsumer(new TestConsumer("a"), out _));
        queue.DeliveryMarkDurable(0, 100);
        queue.Deliver(10, nowMs: 0);
        queue.ColdBlockFailed(0, block);
        queue.Deliver(10, nowMs: 0);
        Assert.Equal([1, 4, 5, 6], _effects.Delivered.Select(id => (int)id.Seq));
        Assert.Equal((0, 2, long.MaxValue), (queue.ReadyCount, queue.LostCount, queue.NextDueMs));
        Assert.Single(_effects.Loads);
        Assert.Empty(_effects.Dropped);
    }

    [Fact]
    public void A_lost_block_comes_back_with_a_restart_when_its_file_was_repaired()
    {
        var queue = Queue(entryCount: 4);
        var block = Move(queue, 2, 3, 4);
        Assert.True(queue.TryAddConsumer(new TestConsumer("a"), out _));
        queue.DeliveryMarkDurable(0, 100);
        queue.Deliver(10, nowMs: 0);
        queue.ColdBlockFailed(0, block);
        var restarted = Restart(queue);
        Assert.Equal((3, 0), (restarted.ReadyCount, restarted.LostCount));
    }

    [Fact]
    public void An_entry_without_readable_bytes_is_lost_until_a_restart()
    {
        var queue = Queue(entryCount: 4);
        var block = Move(queue, 2, 3, 4);
        Assert.True(queue.TryAddConsumer(new TestConsumer("a") { NoAck = true }, out _));
        queue.DeliveryMarkDurable(0, 100);
        queue.Deliver(10, nowMs: 0);
        queue.ColdBlockLoaded(0, block, Stored(block, 2, 3, 4));
        _effects.NotResident.Add(new EntryId(2));
        queue.Deliver(10, nowMs: 0);
        Assert.True(queue.Lose(new EntryId(2)));
        Assert.False(queue.Lose(new EntryId(2)));
        queue.Deliver(10, nowMs: 0);
        Assert.Equal([1, 3, 4], _effects.Delivered.Select(id => (int)id.Seq));
        Assert.Equal((0, 1), (queue.ReadyCount, queue.LostCount));
        Assert.Empty(_effects.Dropped);
        Assert.Equal(1, Restart(queue).ReadyCount);
    }

    [Fact]
    public void A_number_that_was_lost_with_a_transient_message_serves_again()
    {
        // Before the first crash 2 was a transient message, spilled and purged; after it, a persistent one that moves.
        var queue = NewQueue();
        var arrival = new Arrival { Location = MessageLocation.Journal(10), Persistent = true, TtlMs = -1 };
        queue.RestoreAppend(arrival, 0);
        queue.RestoreSettled(new EntryId(2), 1);
        arrival.Location = MessageLocation.Journal(20);
        Assert.Equal(new EntryId(2), queue.RestoreAppend(arrival, 0));
        queue.RestoreColdBlock(0, Block(0, 1, 2), []);
        queue.RecoveryDone();
        Assert.Equal(2, queue.ReadyCount);
    }

    [Fact]
    public void A_replay_is_told_the_number_of_an_entry_that_followed_transient_ones()
    {
        var queue = NewQueue();
        foreach (var position in new[] { 10, 20, 30 })
        {
            queue.RestoreAppend(
                new Arrival { Location = MessageLocation.Journal(position), Persistent = true, TtlMs = -1 }, 0);
        }

        queue.RestoreSequence(new EntryId(7), MessageLocation.Journal(20));
        queue.RestoreSettled(new EntryId(7), 1);
        queue.RecoveryDone();
        queue.DeliveryMarkDurable(0, 100);
        Assert.Equal(GetResult.Taken, queue.TryTakeNext(0, out var first, out _, out _));
        Assert.Equal(GetResult.Taken, queue.TryTakeNext(0, out var second, out var entry, out _));
        Assert.Equal((new EntryId(1), new EntryId(8), 30), (first, second, entry.Location.Position));
        Assert.Equal(GetResult.Empty, queue.TryTakeNext(0, out _, out _, out _));
    }

    [Fact]
    public void A_block_is_dropped_with_its_last_entry()
    {
        var queue = Queue(entryCount: 4);
        var block = Move(queue, 2, 3, 4);
        Assert.True(queue.TryAddConsumer(new TestConsumer("a"), out _));
        queue.DeliveryMarkDurable(0, 100);
        queue.Deliver(10, nowMs: 0);
        queue.ColdBlockLoaded(0, block, Stored(block, 2, 3, 4));
        queue.Deliver(10, nowMs: 0);
        Assert.True(queue.Settle(new EntryId(3), null));
        Assert.True(queue.Settle(new EntryId(2), null));
        Assert.Empty(_effects.Dropped);
        Assert.True(queue.Settle(new EntryId(4), null));
        Assert.Equal([((byte)0, block)], _effects.Dropped);
    }

    [Fact]
    public void Due_entries_of_a_cold_block_leave_behind_an_unexpired_head_and_the_rest_leaves_memory_again()
    {
        var queue = Queue(entryCount: 1);
        Append(queue, 2, ttlMs: 100);
        Append(queue, 3, ttlMs: -1);
        var block = MoveDue(queue, minExpiresAtMs: 100, 2, 3);
        Assert.Equal(100, queue.NextDueMs);
        queue.Tick(100);
        Assert.Equal(long.MaxValue, queue.NextDueMs);
        var stored = Stored(block, 2, 3);
        stored[0].Entry.ExpiresAtMs = 100;
        queue.ColdBlockLoaded(0, block, stored);
        queue.Tick(100);
        Assert.Equal(["settled #2"], _effects.Take());
        Assert.Equal((2, 1, long.MaxValue), (queue.ReadyCount, queue.ResidentEntryCount, queue.NextDueMs));
    }

    [Fact]
    public void Purge_settles_cold_entries_by_range_and_drops_the_block()
    {
        var queue = Queue(entryCount: 4);
        var block = Move(queue, 2, 3, 4);
        _effects.Take();
        Assert.Equal(4, queue.Purge());
        Assert.Equal(["settled #1", "settled #2 and 2 more"], _effects.Take());
        Assert.Equal([((byte)0, block)], _effects.Dropped);
        Assert.Equal((0, 0), (queue.ReadyCount, queue.ReadyBodyBytes));
    }

    [Fact]
    public void Deleting_a_queue_lets_go_of_everything()
    {
        var queue = Queue(entryCount: 4);
        var block = Move(queue, 2, 3, 4);
        Assert.Equal(GetResult.NotLoaded, queue.TryTakeNext(0, out _, out _, out _));
        queue.DeliveryMarkDurable(0, 100);
        Assert.Equal(GetResult.Taken, queue.TryTakeNext(0, out _, out _, out _));
        Assert.Equal(3, queue.DropAll());
        Assert.Equal(["released journal 1"], _effects.Take());
        Assert.Equal([((byte)0, block)], _effects.Dropped);
        Assert.Equal((0, 0, 0), (queue.ReadyCount, queue.UnackedCount, queue.ResidentEntryCount));
    }

    [Fact]
    public void A_snapshot_brings_back_numbers_marks_and_blocks()
    {
        var queue = Queue(entryCount: 5);
        queue.DeliveryMarkDurable(0, 4);
        var block = Move(queue, 3, 4, 5);
        var restarted = Restart(queue);
        Assert.Equal((3, 30), (restarted.ReadyCount, restarted.ReadyBodyBytes));
        Assert.Equal(new EntryId(6), restarted.RestoreAppend(new Arrival { TtlMs = -1, Persistent = true }, 0));
        Assert.True(restarted.TryAddConsumer(new TestConsumer("a"), out _));
        restarted.Deliver(10, nowMs: 0);
        restarted.ColdBlockLoaded(0, block, Stored(block, 3, 4, 5));
        restarted.DeliveryMarkDurable(0, 100);
        restarted.Deliver(10, nowMs: 0);
        Assert.Equal(["a gets #3 again", "a gets #4", "a gets #5", "a gets #6"], _effects.Take());
    }

    [Fact]
    public void A_damaged_snapshot_is_refused_at_every_length_and_in_its_version()
    {
        var queue = Queue(entryCount: 5);
        Move(queue, 3, 5);
        var state = new ArrayBufferWriter<byte>();
        queue.WriteState(state);
        var bytes = state.WrittenSpan.ToArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            Assert.Throws<InvalidDataException>(() => NewQueue().ReadState(cut));
        }

        bytes[0]++;
        Assert.Throws<InvalidDataException>(() => NewQueue().ReadState(bytes));
    }

    [Fact]
    public void Holes_that_were_not_journaled_fail_loudly()
    {
        var block = Block(0, 1, 4);
        var holes = new List<(ulong, ulong)>();
        ColdBlock.FindHoles([(1, 0), (4, EntryBytes)], holes);
        Assert.Equal([(2UL, 3UL)], holes);
        NewQueue().RestoreColdBlock(0, block, [(2, 3)]);
        Assert.Throws<Primitives.BrokenInvariantException>(() => NewQueue().RestoreColdBlock(0, block, []));
    }

    [Fact]
    public void A_copy_that_follows_its_settlement_does_not_bring_the_entry_back()
    {
        var queue = NewQueue();
        queue.RestoreSettled(new EntryId(7), 1);
        queue.RestoreAt(new EntryId(7), new QueueEntry { Flags = EntryFlags.Persistent }, default);
        queue.RestoreAt(new EntryId(8), new QueueEntry { Flags = EntryFlags.Persistent }, new EntryCounters(1, 2));
        queue.RecoveryDone();
        queue.DeliveryMarkDurable(0, 100);
        Assert.Equal(1, queue.ReadyCount);
        Assert.Equal(GetResult.Taken, queue.TryTakeNext(0, out var id, out var entry, out var counters));
        Assert.Equal((new EntryId(8), new EntryCounters(1, 2)), (id, counters));
        Assert.True(entry.Is(EntryFlags.Redelivered));
    }

    [Fact]
    public void A_copy_brings_its_own_sizes_where_lost_records_have_shifted_the_numbers()
    {
        var queue = NewQueue();
        var other = new Arrival
        {
            Location = MessageLocation.Journal(8),
            Length = 90,
            BodyBytes = 70,
            Persistent = true,
        };
        queue.RestoreAppend(in other, arrivedAtMs: 0);
        var copy = new QueueEntry
        {
            Location = MessageLocation.Journal(800),
            Length = 50,
            BodyBytes = 30,
            Flags = EntryFlags.Persistent,
        };
        queue.RestoreAt(new EntryId(1), in copy, default);
        queue.RecoveryDone();
        queue.DeliveryMarkDurable(0, 100);
        Assert.Equal(30, queue.ReadyBodyBytes);
        Assert.Equal(GetResult.Taken, queue.TryTakeNext(0, out _, out var entry, out _));
        Assert.Equal((copy.Location, 50, 30), (entry.Location, entry.Length, entry.BodyBytes));
    }

    [Fact]
    public void The_lease_is_extended_at_half_before_deliveries_have_to_wait()
    {
        var queue = NewQueue();
        Assert.True(queue.TryAddConsumer(new TestConsumer("a") { NoAck = true }, out _));
        queue.DeliveryMarkDurable(0, _effects.Marks[0].BelowSeq);
        var half = (int)QueueMachine.DeliveryLeaseCount / 2;
        for (var seq = 1; seq <= half + 1; seq++)
        {
            Append(queue, seq, ttlMs: -1);
            Assert.Equal(1, queue.Deliver(1, nowMs: 0).Count);
            Assert.Equal(seq <= half ? 1 : 2, _effects.Marks.Count);
        }
    }

    [Fact]
    public void Persisted_reasons_keep_their_numbers()
    {
        Assert.Equal(
            ["Rejected 1", "Expired 2", "MaxLength 3", "DeliveryLimit 4"],
            Enum.GetValues<DeadLetterReason>().Select(reason => $"{reason} {(int)reason}"));
        Assert.Equal(["Classic 0", "Quorum 1"], Enum.GetValues<QueueType>().Select(type => $"{type} {(int)type}"));
    }

    private QueueMachine NewQueue() => new(new QueueSettings(), durable: true, _effects) { NearHeadCount = 0 };

    /// <summary>
    /// A durable queue with entries of 10 body bytes, none near enough to the head to stay in memory when moved.
    /// </summary>
    private QueueMachine Queue(int entryCount)
    {
        var queue = NewQueue();
        for (var seq = 1; seq <= entryCount; seq++)
        {
            Append(queue, seq, ttlMs: -1);
        }

        return queue;
    }

    private static void Append(QueueMachine queue, int seq, long ttlMs) => queue.Append(
        new Arrival
        {
            Location = MessageLocation.Journal(seq),
            Length = EntryBytes,
            BodyBytes = 10,
            Persistent = true,
            TtlMs = ttlMs,
        },
        nowMs: 0);

    private static ColdBlock Move(QueueMachine queue, params ulong[] seqs) => MoveDue(queue, 0, seqs);

    private static ColdBlock MoveDue(QueueMachine queue, long minExpiresAtMs, params ulong[] seqs)
    {
        var block = Block(minExpiresAtMs, seqs);
        queue.MovedToSegment(0, block, [.. seqs.Select((seq, i) => (seq, (uint)(i * EntryBytes)))]);
        return block;
    }

    private static ColdBlock Block(long minExpiresAtMs, params ulong[] seqs) => new(
        SegmentId: 1, Offset: 0, EntryBytes * seqs.Length, seqs[0], seqs[^1], seqs.Length, 10 * seqs.Length,
        minExpiresAtMs);

    private static StoredEntry[] Stored(in ColdBlock block, params ulong[] seqs)
    {
        var segmentId = block.SegmentId;
        return
        [
            .. seqs.Select((seq, i) => new StoredEntry
            {
                Seq = seq,
                Entry = new QueueEntry
                {
                    Location = MessageLocation.Segment(segmentId, (uint)(i * EntryBytes)),
                    Length = EntryBytes,
                    BodyBytes = 10,
                    Flags = EntryFlags.Persistent,
                },
            }),
        ];
    }

    private QueueMachine Restart(QueueMachine queue)
    {
        var state = new ArrayBufferWriter<byte>();
        queue.WriteState(state);
        var restarted = NewQueue();
        restarted.ReadState(state.WrittenSpan);
        restarted.RecoveryDone();
        _effects.Take();
        return restarted;
    }
}
