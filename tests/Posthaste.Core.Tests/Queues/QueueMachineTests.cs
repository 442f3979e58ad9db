using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Core.Tests.Queues;

/// <summary>The behaviours of a queue, one by one.</summary>
public sealed class QueueMachineTests
{
    private readonly RecordingEffects _effects = new();
    private long _position;

    [Fact]
    public void Entries_go_out_in_order_and_to_consumers_in_turn()
    {
        var queue = Queue(new QueueSettings());
        AddConsumers(queue, new TestConsumer("a"), new TestConsumer("b"));
        Append(queue, count: 3);
        Assert.Equal(3, queue.Deliver(10, nowMs: 0).Count);
        Assert.Equal(["a gets #1", "b gets #2", "a gets #3"], _effects.Take());
        Assert.Equal((0, 3), (queue.ReadyCount, queue.UnackedCount));
    }

    [Fact]
    public void Prefetch_holds_back_until_a_settlement()
    {
        var queue = Queue(new QueueSettings());
        var consumer = new TestConsumer("a") { PrefetchMax = 1 };
        AddConsumers(queue, consumer);
        Append(queue, count: 2);
        Assert.Equal(1, queue.Deliver(10, nowMs: 0).Count);
        Assert.False(queue.HasWork);
        Assert.True(queue.Settle(new EntryId(1), consumer));
        Assert.True(queue.HasWork);
        Assert.Equal(1, queue.Deliver(10, nowMs: 0).Count);
        Assert.Equal(["a gets #1", "settled #1", "a gets #2"], _effects.Take());
        Assert.False(queue.Settle(new EntryId(1), consumer));
    }

    [Fact]
    public void A_returned_entry_gets_its_old_place_and_the_redelivered_mark()
    {
        var queue = Queue(new QueueSettings());
        var consumer = new TestConsumer("a") { PrefetchMax = 2 };
        AddConsumers(queue, consumer);
        Append(queue, count: 3);
        queue.Deliver(10, nowMs: 0);
        Assert.True(queue.Return(new EntryId(2), consumer, countsAsFailure: true, nowMs: 0));
        Assert.True(queue.Return(new EntryId(1), consumer, countsAsFailure: false, nowMs: 0));
        _effects.Take();
        queue.Deliver(10, nowMs: 0);
        Assert.Equal(["a gets #1 again", "a gets #2 again"], _effects.Take());
    }

    [Fact]
    public void A_higher_priority_consumer_is_served_while_it_has_room()
    {
        var queue = Queue(new QueueSettings());
        AddConsumers(queue, new TestConsumer("low"), new TestConsumer("high") { Priority = 5, PrefetchMax = 2 });
        Append(queue, count: 3);
        queue.Deliver(10, nowMs: 0);
        Assert.Equal(["high gets #1", "high gets #2", "low gets #3"], _effects.Take());
    }

    [Fact]
    public void A_full_consumer_is_passed_over_until_it_resumes()
    {
        var queue = Queue(new QueueSettings());
        var full = new TestConsumer("full") { Room = 0 };
        AddConsumers(queue, full, new TestConsumer("other") { PrefetchMax = 1 });
        Append(queue, count: 2);
        Assert.Equal(1, queue.Deliver(10, nowMs: 0).Count);
        Assert.False(queue.HasWork);
        full.Room = null;
        queue.Resume(full);
        Assert.Equal(1, queue.Deliver(10, nowMs: 0).Count);
        Assert.Equal(["other gets #1", "full gets #2"], _effects.Take());
    }

    [Fact]
    public void Bytes_out_of_memory_stop_delivery_rather_than_change_the_order()
    {
        var queue = Queue(new QueueSettings());
        AddConsumers(queue, new TestConsumer("a"));
        Append(queue, count: 2);
        _effects.NotResident.Add(new EntryId(1));
        Assert.Equal(0, queue.Deliver(10, nowMs: 0).Count);
        Assert.False(queue.HasWork);
        _effects.NotResident.Clear();
        Assert.Equal(2, queue.Deliver(10, nowMs: 0).Count);
    }

    [Fact]
    public void Higher_levels_go_first()
    {
        var queue = Queue(new QueueSettings { PriorityMax = 5 });
        Append(queue, priority: 0);
        Append(queue, priority: 200);
        Append(queue, priority: 5);
        Append(queue, priority: 3);
        AddConsumers(queue, new TestConsumer("a"));
        queue.Deliver(10, nowMs: 0);
        Assert.Equal(["a gets #5/1", "a gets #5/2", "a gets #3/1", "a gets #1"], _effects.Take());
    }

    [Fact]
    public void Single_active_consumer_fails_over_by_priority_then_age()
    {
        var queue = Queue(new QueueSettings { SingleActiveConsumer = true });
        var (first, second) = (new TestConsumer("1"), new TestConsumer("2"));
        var high = new TestConsumer("h") { Priority = 1 };
        AddConsumers(queue, first, second, high);
        Append(queue, count: 1);
        queue.Deliver(10, nowMs: 0);
        Assert.Equal(["1 gets #1"], _effects.Take());
        Assert.Same(first, queue.ActiveConsumer);
        queue.RemoveConsumer(first);
        Assert.Same(high, queue.ActiveConsumer);
        queue.RemoveConsumer(high);
        Assert.Same(second, queue.ActiveConsumer);
        queue.RemoveConsumer(second);
        Assert.Null(queue.ActiveConsumer);
        Assert.Equal(1, queue.UnackedCount);
    }

    [Fact]
    public void An_exclusive_consumer_is_alone()
    {
        var queue = Queue(new QueueSettings());
        AddConsumers(queue, new TestConsumer("a") { Exclusive = true });
        Assert.False(queue.TryAddConsumer(new TestConsumer("b"), out var refusal));
        Assert.Equal(ConsumerRefusal.ExclusiveInUse, refusal);

        var shared = Queue(new QueueSettings());
        AddConsumers(shared, new TestConsumer("a"));
        Assert.False(shared.TryAddConsumer(new TestConsumer("b") { Exclusive = true }, out refusal));
        Assert.Equal(ConsumerRefusal.InUse, refusal);
    }

    [Fact]
    public void Expired_entries_leave_also_behind_an_unexpired_head()
    {
        var queue = Queue(new QueueSettings { DeadLetterExchange = "dlx" });
        Append(queue, ttlMs: -1);
        Append(queue, ttlMs: 100);
        Append(queue, ttlMs: 50);
        Assert.Equal(50, queue.NextDueMs);
        queue.Tick(50);
        Assert.Equal(["dead #3 Expired"], _effects.Take());
        Assert.Equal(100, queue.NextDueMs);
        queue.Tick(100);
        Assert.Equal(["dead #2 Expired"], _effects.Take());
        Assert.Equal(1, queue.ReadyCount);
        Assert.Equal(long.MaxValue, queue.NextDueMs);
    }

    [Fact]
    public void Time_to_live_zero_means_at_once_or_never()
    {
        var queue = Queue(new QueueSettings { MessageTtlMs = 0 });
        AddConsumers(queue, new TestConsumer("a") { PrefetchMax = 1 });
        Append(queue, count: 2, nowMs: 7);
        queue.Deliver(10, nowMs: 7);
        Assert.Equal(["a gets #1", "settled #2"], _effects.Take());
    }

    [Fact]
    public void Drop_head_takes_the_oldest_and_counts_ready_entries_only()
    {
        var queue = Queue(new QueueSettings { LengthMax = 2, DeadLetterExchange = "" });
        var consumer = new TestConsumer("a") { PrefetchMax = 1 };
        AddConsumers(queue, consumer);
        Append(queue, count: 1);
        queue.Deliver(10, nowMs: 0);
        Append(queue, count: 3);
        Assert.Equal(["a gets #1", "dead #2 MaxLength"], _effects.Take());
        Assert.Equal((2, 1), (queue.ReadyCount, queue.UnackedCount));
    }

    [Fact]
    public void A_full_queue_without_drop_head_refuses()
    {
        var queue = Queue(new QueueSettings { LengthMax = 2, BytesMax = 100, Overflow = OverflowPolicy.RejectPublish });
        Append(queue, count: 1);
        Assert.False(queue.WouldRefuse(1, 90));
        Assert.True(queue.WouldRefuse(2, 20));
        Assert.True(queue.WouldRefuse(1, 91));
    }

    [Fact]
    public void The_delivery_limit_ends_a_message_that_keeps_failing()
    {
        var queue = Queue(new QueueSettings { DeliveryLimit = 1, DeadLetterExchange = "dlx" });
        var consumer = new TestConsumer("a");
        AddConsumers(queue, consumer);
        Append(queue, count: 1);
        foreach (var isFailure in new[] { false, true, true })
        {
            queue.Deliver(10, nowMs: 0);
            Assert.True(queue.Return(new EntryId(1), consumer, isFailure, nowMs: 0));
        }

        Assert.Equal(
            [
                "a gets #1", "returned #1 0/1", "a gets #1 again", "returned #1 1/2", "a gets #1 again",
                "dead #1 DeliveryLimit", "returned #1 2/3",
            ],
            _effects.Take());
    }

    [Fact]
    public void A_dead_letter_that_nobody_takes_yet_is_held_and_tried_again()
    {
        var queue = Queue(new QueueSettings { DeadLetterExchange = "dlx" });
        Append(queue, ttlMs: 10);
        _effects.RefusesDeadLetters = true;
        queue.Tick(10);
        Assert.Equal((0, 1), (queue.ReadyCount, queue.HeldCount));
        Assert.Equal(10 + QueueMachine.DeadLetterRetryMs, queue.NextDueMs);
        _effects.RefusesDeadLetters = false;
        queue.Tick(queue.NextDueMs);
        Assert.Equal(["dead #1 Expired", "dead #1 Expired"], _effects.Take());
        Assert.Equal((1, long.MaxValue), (queue.HeldCount, queue.NextDueMs));
        queue.Buried(new EntryId(1));
        Assert.Equal((0, 0), (queue.HeldCount, queue.ResidentEntryCount));
    }

    [Fact]
    public void A_dead_letter_on_its_way_stays_until_it_is_buried_or_kept()
    {
        var queue = Queue(new QueueSettings { DeadLetterExchange = "dlx" });
        Append(queue, ttlMs: 10);
        queue.Tick(10);
        var id = new EntryId(1);
        Assert.True(queue.TryGetDead(id, out _));
        Assert.Equal((1, 1), (queue.HeldCount, queue.ResidentEntryCount));
        queue.KeepDead(id, DeadLetterReason.Expired, nowMs: 20);
        Assert.Equal(20 + QueueMachine.DeadLetterRetryMs, queue.NextDueMs);
        queue.Tick(queue.NextDueMs);
        queue.Buried(id);
        Assert.False(queue.TryGetDead(id, out _));
        Assert.Equal(["dead #1 Expired", "dead #1 Expired"], _effects.Take());
        Assert.Equal((0, 0, long.MaxValue), (queue.HeldCount, queue.ResidentEntryCount, queue.NextDueMs));
    }

    [Fact]
    public void Get_takes_the_next_entry_and_can_put_it_back()
    {
        var queue = Queue(new QueueSettings());
        Assert.Equal(GetResult.Empty, queue.TryTakeNext(0, out _, out _, out _));
        Append(queue, count: 2);
        Assert.Equal(GetResult.Taken, queue.TryTakeNext(0, out var id, out _, out _));
        queue.PutBack(id);
        Assert.Equal((2, 0), (queue.ReadyCount, queue.UnackedCount));
        Assert.Equal(GetResult.Taken, queue.TryTakeNext(0, out id, out var entry, out _));
        Assert.Equal(new EntryId(1), id);
        Assert.False(entry.Is(EntryFlags.Redelivered));
        Assert.True(queue.Settle(id, null));
    }

    [Fact]
    public void Purge_settles_what_is_ready_and_leaves_what_is_out()
    {
        var queue = Queue(new QueueSettings());
        var consumer = new TestConsumer("a") { PrefetchMax = 1 };
        AddConsumers(queue, consumer);
        Append(queue, count: 3);
        queue.Deliver(10, nowMs: 0);
        _effects.Take();
        Assert.Equal(2, queue.Purge());
        Assert.Equal(["settled #2", "settled #3"], _effects.Take());
        Assert.True(queue.Return(new EntryId(1), consumer, false, 0));
        Assert.Equal(1, queue.ReadyCount);
    }

    [Fact]
    public void Persistent_entries_wait_for_a_durable_delivery_mark()
    {
        var queue = new QueueMachine(new QueueSettings(), durable: true, _effects);
        AddConsumers(queue, new TestConsumer("a"));
        Assert.Equal([((byte)0, 1 + QueueMachine.DeliveryLeaseCount)], _effects.Marks);
        Append(queue, count: 1, persistent: true);
        Assert.Equal(0, queue.Deliver(10, nowMs: 0).Count);
        Assert.False(queue.HasWork);
        queue.DeliveryMarkDurable(0, _effects.Marks[0].BelowSeq);
        Assert.True(queue.HasWork);
        Assert.Equal(1, queue.Deliver(10, nowMs: 0).Count);
        Assert.Equal(2UL, queue.ExactDeliveryMark(0));
    }

    [Fact]
    public void After_recovery_entries_below_the_mark_are_redelivered()
    {
        var queue = new QueueMachine(new QueueSettings(), durable: true, _effects);
        for (var i = 0; i < 3; i++)
        {
            queue.RestoreAppend(new Arrival { Persistent = true, TtlMs = -1 }, 0);
        }

        queue.RestoreSettled(new EntryId(1), 1);
        queue.RestoreDeliveryMark(0, 3);
        queue.RecoveryDone();
        AddConsumers(queue, new TestConsumer("a"));
        queue.DeliveryMarkDurable(0, 100);
        queue.Deliver(10, nowMs: 0);
        Assert.Equal(["a gets #2 again", "a gets #3"], _effects.Take());
    }

    private QueueMachine Queue(QueueSettings settings) => new(settings, durable: false, _effects);

    private static void AddConsumers(QueueMachine queue, params TestConsumer[] consumers)
    {
        foreach (var consumer in consumers)
        {
            Assert.True(queue.TryAddConsumer(consumer, out _));
        }
    }

    private void Append(
        QueueMachine queue, int count = 1, byte priority = 0, long ttlMs = -1, long nowMs = 0, bool persistent = false)
    {
        for (var i = 0; i < count; i++)
        {
            queue.Append(
                new Arrival
                {
                    Location = MessageLocation.Journal(_position += 100),
                    Length = 50,
                    BodyBytes = 10,
                    Priority = priority,
                    Persistent = persistent,
                    TtlMs = ttlMs,
                },
                nowMs);
        }
    }
}
