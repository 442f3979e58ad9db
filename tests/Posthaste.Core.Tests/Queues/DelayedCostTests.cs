using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Core.Tests.Queues;

/// <summary>What messages cost that wait for their time.</summary>
public sealed class DelayedCostTests
{
    private const int Count = 1_000_000;
    private const long YearMs = 365L * 24 * 60 * 60 * 1_000;

    [Fact]
    public void A_million_waiting_messages_have_less_than_72_bytes_each_outgrown_arrays_included()
    {
        var queue = new QueueMachine(
            new QueueSettings { DelayedFor = "x" }, durable: false, new RecordingEffects());
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0L; i < Count; i++)
        {
            queue.Append(
                new Arrival { Location = MessageLocation.Arena(i), Length = 100, BodyBytes = 50, TtlMs = DelayOf(i) },
                nowMs: 1);
        }

        // All that was ever allocated for them, also the arrays that the order has grown out of.
        var bytes = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Count;
        Assert.True(bytes < 72, $"{bytes:F1} bytes each");
        Assert.Equal(Count, queue.ReadyCount);

        var due = Enumerable.Range(0, Count).Select(i => DelayOf(i) + 1).Order().Take(1_000);
        var first = queue.ListDelayed(0, default, 500);
        var second = queue.ListDelayed(first[^1].DueMs, first[^1].Id, 500);
        Assert.Equal(due, first.Concat(second).Select(entry => entry.DueMs));
    }

    /// <summary>Spread over a year, in no order.</summary>
    private static long DelayOf(long i) => 1 + (i * 7_919 * 104_729 % YearMs);
}
