using System.Buffers.Binary;
using Posthaste.Core.Collections;
using Posthaste.Primitives;

namespace Posthaste.Core.Tests.Collections;

/// <summary>The map against the library's sorted dictionary.</summary>
public sealed class SortedMapTests
{
    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 2_000)]
    [InlineData(3, 20_000)]
    public void It_does_what_a_sorted_dictionary_does(ulong seed, int keyCount)
    {
        var random = new SeededRandom(seed);
        var map = new SortedMap<Item>();
        var model = new SortedDictionary<uint, int>();
        for (var round = 0; round < 60_000; round++)
        {
            var key = (uint)random.Below(keyCount);
            var isGrowing = round / 8_000 % 2 == 0;
            if (random.Below(10) < (isGrowing ? 8 : 2))
            {
                Assert.Equal(model.ContainsKey(key), map.Set(new Item(key, round), out var replaced));
                if (model.TryGetValue(key, out var known)) Assert.Equal(known, replaced.Value);
                model[key] = round;
            }
            else
            {
                Assert.Equal(model.Remove(key, out var known), map.Remove(Bytes(key), out var removed));
                Assert.Equal(known, removed.Value);
            }

            if (round % 500 == 0) CheckSame(map, model, (uint)random.Below(keyCount));
        }

        CheckSame(map, model, 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keys_in_order_are_found_and_removed_on_the_way(bool descending)
    {
        var map = new SortedMap<Item>();
        for (uint i = 0; i < 10_000; i++) map.Set(new Item(descending ? 9_999 - i : i, (int)i), out _);
        var at = map.Seek(Bytes(100));
        for (uint i = 100; i < 9_900; i++)
        {
            Assert.Equal(i, BinaryPrimitives.ReadUInt32BigEndian(map[at].Key));
            at = i % 3 == 0 ? map.Next(at) : map.RemoveAt(at);
        }

        Assert.Equal(9_900u, BinaryPrimitives.ReadUInt32BigEndian(map[at].Key));
        var keptCount = Enumerable.Range(100, 9_800).Count(i => i % 3 == 0);
        Assert.Equal(200 + keptCount, map.Count);
        Assert.True(map.TryGet(Bytes(99), out _));
        Assert.False(map.TryGet(Bytes(100), out _));
    }

    private static void CheckSame(SortedMap<Item> map, SortedDictionary<uint, int> model, uint from)
    {
        Assert.Equal(model.Count, map.Count);
        var at = map.Seek(Bytes(from));
        foreach (var (key, value) in model)
        {
            Assert.True(map.TryGet(Bytes(key), out var found));
            Assert.Equal(value, found.Value);
            if (key < from) continue;
            Assert.Equal(value, map[at].Value);
            at = map.Next(at);
        }

        Assert.True(map.IsAtEnd(at));
    }

    private static byte[] Bytes(uint key)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, key);
        return bytes;
    }

    private readonly struct Item(uint key, int value) : IKeyed
    {
        private readonly byte[] _key = Bytes(key);

        public int Value { get; } = value;

        public ReadOnlySpan<byte> Key => _key;
    }
}
