using Posthaste.Broker.Sessions;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Tests.Sessions;

public sealed class UnackedRingTests
{
    private static readonly object Owner = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void It_behaves_like_a_sorted_dictionary(int seed)
    {
        var random = new Random(seed);
        var ring = new UnackedRing();
        var model = new SortedDictionary<ulong, EntryId>();
        var tag = 0UL;
        for (var step = 0; step < 20_000; step++)
        {
            var choice = random.Next(100);
            if (choice < 55)
            {
                // Tags that went to no-ack consumers leave gaps.
                tag += (ulong)random.Next(1, 4);
                var id = new EntryId((ulong)random.Next());
                ring.Add(tag, id, Owner);
                model.Add(tag, id);
            }
            else if (choice < 95)
            {
                var wanted = (ulong)random.NextInt64((long)tag + 3);
                Assert.Equal(model.TryGetValue(wanted, out var id), ring.TryTake(wanted, out var taken));
                if (model.Remove(wanted))
                    Assert.Equal((wanted, id), (taken.Tag, taken.Id));
            }
            else
            {
                var wanted = random.Next(20) == 0 ? 0 : (ulong)random.NextInt64((long)tag + 3);
                var taken = new List<UnackedDelivery>();
                var known = wanted == 0 || model.ContainsKey(wanted);
                Assert.Equal(known, ring.TryTakeThrough(wanted, taken));
                var expected = known ? model.Keys.Where(key => wanted == 0 || key <= wanted).ToList() : [];
                Assert.Equal(expected, taken.Select(delivery => delivery.Tag));
                expected.ForEach(key => model.Remove(key));
            }

            Assert.Equal(model.Count, ring.Count);
        }
    }

    [Fact]
    public void What_a_rollback_restores_is_in_order_again()
    {
        var ring = new UnackedRing();
        for (var tag = 1UL; tag <= 10; tag++)
            ring.Add(tag, new EntryId(tag), Owner);
        var taken = new List<UnackedDelivery>();
        foreach (var tag in new ulong[] { 7, 2, 9 })
        {
            Assert.True(ring.TryTake(tag, out var delivery));
            taken.Add(delivery);
        }

        ring.Restore(taken);
        var all = new List<UnackedDelivery>();
        Assert.True(ring.TryTakeThrough(0, all));
        Assert.Equal(Enumerable.Range(1, 10).Select(tag => (ulong)tag), all.Select(delivery => delivery.Tag));
    }

    [Fact]
    public void One_delivery_that_is_never_settled_does_not_keep_the_others()
    {
        var ring = new UnackedRing();
        ring.Add(1, default, Owner);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var tag = 2UL; tag < 1_000_000; tag++)
        {
            ring.Add(tag, default, Owner);
            Assert.True(ring.TryTake(tag, out _));
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_384);
    }
}
