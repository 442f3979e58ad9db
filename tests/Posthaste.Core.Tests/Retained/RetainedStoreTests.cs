using System.Text;
using Posthaste.Core.Messages;
using Posthaste.Core.Retained;
using Posthaste.Primitives;

namespace Posthaste.Core.Tests.Retained;

public sealed class RetainedStoreTests
{
    private readonly RetainedStore _store = new(countMax: 3, bytesMax: 100_000);

    [Theory]
    [InlineData("a", "a", true)]
    [InlineData("a", "a.b", false)]
    [InlineData("#", "a.b", true)]
    [InlineData("#", "a", true)]
    [InlineData("a.#", "a", true)]
    [InlineData("a.#", "a.b.c", true)]
    [InlineData("a.#", "ab", false)]
    [InlineData("a.#", "a!.b", false)]
    [InlineData("+", "a", true)]
    [InlineData("+", "a.b", false)]
    [InlineData("+.+", ".a", true)]
    [InlineData("+", ".a", false)]
    [InlineData(".+", ".a", true)]
    [InlineData("+.b", "a.b", true)]
    [InlineData("a.+.c", "a..c", true)]
    [InlineData("a.+", "a.", true)]
    [InlineData("a.+", "a", false)]
    [InlineData("*", "*", true)]
    [InlineData("*", "a", false)]
    [InlineData("a+", "ab", false)]
    [InlineData("#", "$SYS.x", false)]
    [InlineData("+.x", "$SYS.x", false)]
    [InlineData("$SYS.#", "$SYS.x", true)]
    [InlineData("$SYS.+", "$SYS.x", true)]
    [InlineData("+.$x", "a.$x", true)]
    public void Patterns(string pattern, string key, bool matches)
    {
        Retain(_store, key);
        Assert.Equal(matches ? [key] : [], Match(_store, pattern));
    }

    /// <summary>
    /// Words around the separator's place in the alphabet, so that the order of keys is not the order of words.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_keys_match_as_a_plain_matcher_says(ulong seed)
    {
        var random = new SeededRandom(seed);
        string[] words = ["", "a", "a!", "a-", "a/", "aa", "b", "$", "+x", "*", "zz"];
        string[] patternWords = [.. words, "+", "+", "+", "+"];
        string Text(string[] from, int most) =>
            string.Join('.', Enumerable.Range(0, 1 + random.Below(most)).Select(_ => from[random.Below(from.Length)]));
        for (var round = 0; round < 60; round++)
        {
            var store = new RetainedStore(10_000, 1 << 30);
            var keys = new SortedSet<string>(StringComparer.Ordinal);
            var keyCount = 1 << random.Below(9);
            while (keyCount-- > 0)
            {
                var key = Text(words, 4);
                if (random.Below(5) == 0 && keys.Remove(key)) Retain(store, key, body: "");
                else if (keys.Add(key)) Retain(store, key);
            }

            for (var i = 0; i < 60; i++)
            {
                var pattern = Text(patternWords, 4) + (random.Below(3) == 0 ? ".#" : "");
                if (random.Below(20) == 0) pattern = "#";
                var batch = 1 + random.Below(5);
                var steps = 1 + random.Below(7);
                Assert.Equal(keys.Where(key => Matches(pattern, key)), Match(store, pattern, batch, steps));
            }
        }
    }

    [Fact]
    public void A_walk_goes_on_though_the_store_changes()
    {
        var store = new RetainedStore(10_000, 1 << 30);
        for (var i = 0; i < 1_000; i++) Retain(store, $"k.{i:D4}");
        var cursor = new RetainedCursor("k.+"u8, PatternSyntax.Mqtt);
        var found = new List<RetainedMessage>();
        for (var batch = 0; store.Read(cursor, found, matchesMax: 10, stepsMax: 100, nowMs: 0); batch++)
        {
            // Each batch loses what is right before and right behind it.
            Retain(store, $"k.{(batch * 11) + 9:D4}", body: "");
            Retain(store, $"k.{(batch * 11) + 10:D4}", body: "");
            Retain(store, $"a.{batch}");
        }

        Assert.Equal(
            Enumerable.Range(0, 1_000).Where(i => i % 11 != 10).Select(i => $"k.{i:D4}"), found.Select(KeyOf));
    }

    [Fact]
    public void Skipping_costs_what_could_match_not_what_is_there()
    {
        var store = new RetainedStore(100_000, 1 << 30);
        for (var i = 0; i < 50_000; i++) Retain(store, $"site.{i % 10}.device.{i}");
        Retain(store, "site.3.status");

        var cursor = new RetainedCursor("site.+.status"u8, PatternSyntax.Mqtt);
        var found = new List<RetainedMessage>();
        Assert.False(store.Read(cursor, found, matchesMax: 100, stepsMax: 40, nowMs: 0));
        Assert.Equal(["site.3.status"], found.Select(KeyOf));
    }

    [Fact]
    public void An_expired_message_is_not_shown_and_goes_when_it_is_swept()
    {
        var store = new RetainedStore(10_000, 1 << 30);
        for (var i = 0; i < 100; i++) Retain(store, $"{i}", ttlMs: i % 2 == 0 ? 10 : -1);
        Assert.True(store.TryGet("2"u8, nowMs: 1_009, out _));
        Assert.False(store.TryGet("2"u8, nowMs: 1_010, out _));
        Assert.Equal(100, Match(store, "#", nowMs: 1_009).Count);
        Assert.Equal(50, Match(store, "#", nowMs: 1_010).Count);

        Assert.Equal(0, store.Sweep(nowMs: 1_009, stepsMax: 200));
        Assert.Equal(50, Enumerable.Range(0, 4).Sum(_ => store.Sweep(nowMs: 1_010, stepsMax: 30)));
        Assert.Equal(50, store.Count);
        foreach (var key in Match(store, "#")) Retain(store, key, body: "");
        Assert.Equal((0, 0L), (store.Count, store.Bytes));
    }

    [Fact]
    public void No_more_messages_than_allowed_but_each_can_be_replaced()
    {
        for (var i = 0; i < 3; i++) Retain(_store, $"{i}");
        Assert.Equal(RetainRefusal.TooMany, _store.Hold("3"u8, 10, out _));
        Assert.Equal(RetainRefusal.None, _store.Hold("2"u8, 10, out var held));
        _store.LetGo(held);
        Retain(_store, "2", body: "");

        Assert.Equal(RetainRefusal.None, _store.Hold("3"u8, 10, out held));
        Assert.Equal(RetainRefusal.TooMany, _store.Hold("4"u8, 10, out _));
        _store.LetGo(held);
        Assert.Equal(RetainRefusal.None, _store.Hold("4"u8, 10, out _));
    }

    [Fact]
    public void No_more_bytes_than_allowed_on_their_way_included()
    {
        Retain(_store, "big", body: new string('x', 90_000));
        Assert.Equal(RetainRefusal.TooManyBytes, _store.Hold("k"u8, 20_000, out _));
        Assert.Equal(RetainRefusal.None, _store.Hold("big"u8, 90_000, out var held));
        _store.LetGo(held);
        Assert.Equal(RetainRefusal.None, _store.Hold("k"u8, 5_000, out _));
        Assert.Equal(RetainRefusal.TooManyBytes, _store.Hold("l"u8, 5_000, out _));
    }

    private static bool Matches(string pattern, string key)
    {
        var (wanted, words) = (pattern.Split('.'), key.Split('.'));
        if (wanted[0] is "+" or "#" && key.StartsWith('$')) return false;
        for (var i = 0; i < wanted.Length; i++)
        {
            if (wanted[i] == "#") return true;
            if (i == words.Length || (wanted[i] != "+" && wanted[i] != words[i])) return false;
        }

        return wanted.Length == words.Length;
    }

    private static List<string> Match(
        RetainedStore store, string pattern, int batch = 1_000, int steps = 1_000, long nowMs = 0)
    {
        var cursor = new RetainedCursor(Encoding.UTF8.GetBytes(pattern), PatternSyntax.Mqtt);
        var found = new List<RetainedMessage>();
        while (store.Read(cursor, found, batch, steps, nowMs)) continue;
        return [.. found.Select(KeyOf)];
    }

    private static string KeyOf(RetainedMessage message) => Encoding.UTF8.GetString(message.Key);

    private static void Retain(RetainedStore store, string key, string body = "x", long ttlMs = -1)
    {
        var (keyBytes, bodyBytes) = (Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(body));
        var bytes = new byte[MessageWriter.Size(9, keyBytes.Length, 0, 0, bodyBytes.Length)];
        MessageWriter.Write(
            bytes, PropertyFormat.None, MessageFlags.Retained, 1_000, "amq.topic"u8, keyBytes, default, default,
            bodyBytes);
        store.Apply(bytes, ttlMs);
    }
}
