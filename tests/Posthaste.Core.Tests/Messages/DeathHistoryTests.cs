using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Core.Formats;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Core.Tests.Messages;

public sealed class DeathHistoryTests
{
    private const string GoldenHex =
        "01" + "01" + "3B000000" // version, tag, bytes
        + "0100" + "71" + "02" + "0100" + "78" // first death: q, expired, x
        + "0100" + "79" // exchange of the last death: y
        + "0100" // one death
        + "0100" + "71" + "02" + "0100" + "78" // q, expired, x
        + "0200000000000000" + "0A00000000000000" + "1400000000000000" + "6400000000000000" // count, times, expiration
        + "0200" + "0100" + "6B" + "0100" + "6C"; // k, l

    [Fact]
    public void A_message_that_never_died_has_no_annotations()
    {
        Assert.Empty(Encode(DeathHistory.Empty));
        Assert.Same(DeathHistory.Empty, DeathHistory.Read([]));
        Assert.False(DeathHistory.Empty.IsCycle("q"));
    }

    [Fact]
    public void Deaths_are_counted_per_queue_and_reason_newest_first()
    {
        var history = DeathHistory.Empty
            .With("q", DeadLetterReason.Rejected, "x", ["k", "cc"], timeMs: 10, originalExpirationMs: 5000)
            .With("r", DeadLetterReason.Expired, "dlx", ["r"], timeMs: 20)
            .With("q", DeadLetterReason.Expired, "dlx", ["q"], timeMs: 30)
            .With("q", DeadLetterReason.Rejected, "other", ["changed"], timeMs: 40, originalExpirationMs: 1);
        Assert.Equal(new DeathPlace("q", DeadLetterReason.Rejected, "x"), history.First);
        Assert.Equal(new DeathPlace("q", DeadLetterReason.Rejected, "other"), history.Last);
        Assert.Equal(
            [
                "q Rejected 2 x k,cc 10-40 5000",
                "q Expired 1 dlx q 30-30 ",
                "r Expired 1 dlx r 20-20 ",
            ],
            Describe(history));
    }

    [Fact]
    public void A_circle_without_a_rejection_is_a_cycle()
    {
        var expired = DeathHistory.Empty.With("a", DeadLetterReason.Expired, "", ["a"], 1)
            .With("b", DeadLetterReason.MaxLength, "", ["b"], 2);
        Assert.True(expired.IsCycle("a"));
        Assert.True(expired.IsCycle("b"));
        Assert.False(expired.IsCycle("c"));

        var rejectedSince = expired.With("c", DeadLetterReason.Rejected, "", ["c"], 3);
        Assert.False(rejectedSince.IsCycle("a"));
        Assert.False(rejectedSince.IsCycle("c"));

        // Only a rejection within the circle counts: the older one does not keep b and d from going round for ever.
        var again = rejectedSince.With("d", DeadLetterReason.DeliveryLimit, "", ["d"], 4);
        Assert.True(again.IsCycle("d"));
        Assert.False(again.IsCycle("b"));
    }

    [Fact]
    public void A_rejection_that_was_counted_up_is_the_newest_again()
    {
        var history = DeathHistory.Empty.With("a", DeadLetterReason.Rejected, "", [], 1)
            .With("b", DeadLetterReason.Expired, "", [], 2);
        Assert.True(history.IsCycle("b"));
        Assert.False(history.With("a", DeadLetterReason.Rejected, "", [], 3).IsCycle("b"));
    }

    [Fact]
    public void The_history_is_bounded_and_forgets_the_oldest_but_never_the_first_death()
    {
        var history = DeathHistory.Empty;
        for (var i = 0; i < DeathHistory.CountMax + 10; i++)
            history = history.With($"q{i}", DeadLetterReason.Rejected, "x", [.. Enumerable.Repeat("k", 300)], i);
        Assert.Equal(DeathHistory.CountMax, history.Count);
        Assert.Equal("q0", history.First.Queue);
        Assert.Equal("q10", history.Deaths[^1].Queue);
        Assert.Equal(DeathHistory.RoutingKeysMax, history.Deaths[0].RoutingKeys.Count);
        Assert.Equal(Describe(history), Describe(DeathHistory.Read(Encode(history))));
    }

    [Fact]
    public void Bytes_of_version_1_stay_as_they_are()
    {
        var history = DeathHistory.Empty.With("q", DeadLetterReason.Expired, "x", ["k", "l"], 10, 100)
            .With("q", DeadLetterReason.Expired, "y", ["m"], 20, 1);
        Assert.Equal(GoldenHex, Convert.ToHexString(Encode(history)));
        var read = DeathHistory.Read(Convert.FromHexString(GoldenHex));
        Assert.Equal(Describe(history), Describe(read));
        Assert.Equal(history.First, read.First);
        Assert.Equal(history.Last, read.Last);
    }

    [Fact]
    public void Values_in_messages_only_grow()
    {
        Assert.Equal("Rejected=1 Expired=2 MaxLength=3 DeliveryLimit=4", Members<DeadLetterReason>());
        Assert.Equal("DeathHistory=1", Members<AnnotationTag>());
    }

    [Fact]
    public void Annotations_of_other_kinds_are_passed_over()
    {
        byte[] other = [1, 200, 2, 0, 0, 0, 7, 7];
        Assert.Same(DeathHistory.Empty, DeathHistory.Read(other));
        var read = DeathHistory.Read([.. other, .. Convert.FromHexString(GoldenHex).AsSpan(1)]);
        Assert.Equal("q", read.First.Queue);
    }

    [Fact]
    public void Damaged_annotations_are_refused()
    {
        var whole = Convert.FromHexString(GoldenHex);
        for (var length = 1; length < whole.Length; length++)
        {
            // One byte is a section without items, which is sound.
            if (length > 1)
                Assert.Throws<StoredFormatException>(() => DeathHistory.Read(whole.AsSpan(0, length)));
        }

        Assert.Throws<StoredFormatException>(() => DeathHistory.Read([2, .. whole[1..]]));
    }

    [Fact]
    public void Any_history_is_read_as_it_was_written()
    {
        var text = Gen.Elements("", "a", "b", "ünïcode", new string('k', 255));
        var death = from queue in text
                    from reason in Gen.Elements(Enum.GetValues<DeadLetterReason>())
                    from exchange in text
                    from keys in text.ArrayOf()
                    from time in Gen.Choose(0, int.MaxValue)
                    from expiration in Gen.Choose(-1, 1000)
                    select (queue, reason, exchange, keys, time, expiration);
        Prop.ForAll(Arb.From(death.ArrayOf()), deaths =>
        {
            var history = deaths.Aggregate(DeathHistory.Empty, (all, one) => all.With(
                one.queue, one.reason, one.exchange, one.keys, one.time, one.expiration < 0 ? null : one.expiration));
            var read = DeathHistory.Read(Encode(history));
            Assert.Equal(Describe(history), Describe(read));
            Assert.Equal(history.First, read.First);
            Assert.Equal(history.Last, read.Last);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_change_of_a_byte_is_refused_or_read()
    {
        var mutation = from position in Gen.Choose(0, (GoldenHex.Length / 2) - 1)
                       from value in Gen.Choose(0, 255)
                       select (position, (byte)value);
        Prop.ForAll(Arb.From(mutation), change =>
        {
            var bytes = Convert.FromHexString(GoldenHex);
            bytes[change.position] = change.Item2;
            DeathHistory history;
            try
            {
                history = DeathHistory.Read(bytes);
            }
            catch (StoredFormatException)
            {
                return;
            }

            Assert.Equal(Describe(history), Describe(DeathHistory.Read(Encode(history))));
        }).QuickCheckThrowOnFailure();
    }

    private static byte[] Encode(DeathHistory history)
    {
        var bytes = new ArrayBufferWriter<byte>();
        history.Write(bytes);
        return bytes.WrittenSpan.ToArray();
    }

    private static string[] Describe(DeathHistory history) =>
    [
        .. history.Deaths.Select(death =>
            $"{death.Queue} {death.Reason} {death.Count} {death.Exchange} {string.Join(',', death.RoutingKeys)} " +
            $"{death.FirstTimeMs}-{death.LastTimeMs} {death.OriginalExpirationMs}"),
    ];

    private static string Members<T>()
        where T : struct, Enum =>
        string.Join(' ', Enum.GetValues<T>().Select(value => $"{value}={value:D}"));
}
