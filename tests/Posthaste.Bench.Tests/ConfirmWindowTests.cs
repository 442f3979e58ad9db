using FsCheck;
using FsCheck.Fluent;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Tests;

public sealed class ConfirmWindowTests
{
    private const int Limit = 16;

    [Fact]
    public void Any_order_of_confirms_counts_as_a_set_of_tags_does() => Check.QuickThrowOnFailure(
        Prop.ForAll<int[]>(seeds => AgreesWithModel(seeds)));

    [Fact]
    public void Tag_zero_with_multiple_confirms_everything()
    {
        ConfirmWindow window = new(Limit);
        window.Published(5);
        window.Acknowledge(0, multiple: true);
        Assert.Equal(0, window.OutstandingCount);
        Assert.Equal(6ul, window.FloorTag);
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(4, true)]
    [InlineData(0, false)]
    public void A_confirm_of_what_was_not_published_is_refused(ulong tag, bool multiple)
    {
        ConfirmWindow window = new(Limit);
        window.Published(3);
        Assert.Throws<WorkloadException>(() => window.Acknowledge(tag, multiple));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_second_confirm_is_refused(ulong tag)
    {
        ConfirmWindow window = new(Limit);
        window.Published(3);
        window.Acknowledge(tag, multiple: false);
        Assert.Throws<WorkloadException>(() => window.Acknowledge(tag, multiple: false));
    }

    /// <summary>
    /// Each number publishes a few messages, then confirms one outstanding tag, alone or with all below it.
    /// </summary>
    private static void AgreesWithModel(int[] seeds)
    {
        ConfirmWindow window = new(Limit);
        SortedSet<ulong> outstanding = [];
        ulong next = 1;
        foreach (uint seed in seeds.Select(value => (uint)value))
        {
            int count = Math.Min((int)(seed % 5), window.FreeCount);
            window.Published(count);
            for (; count > 0; count--)
            {
                outstanding.Add(next++);
            }

            if (outstanding.Count > 0)
            {
                ulong tag = outstanding.ElementAt((int)(seed / 5 % (uint)outstanding.Count));
                bool multiple = seed % 3 == 0;
                window.Acknowledge(tag, multiple);
                outstanding.RemoveWhere(t => multiple ? t <= tag : t == tag);
            }

            Assert.Equal(outstanding.Count, window.OutstandingCount);
            Assert.Equal(outstanding.Count > 0 ? outstanding.Min : next, window.FloorTag);
            Assert.Equal(Limit - (int)(next - window.FloorTag), window.FreeCount);
        }
    }
}
