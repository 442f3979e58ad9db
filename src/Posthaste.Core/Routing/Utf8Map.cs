using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Posthaste.Core.Routing;

/// <summary>
/// A map from names as they come off a wire: found by UTF-8 bytes without making a string. Lookups are lock-free from
/// any thread; changes come from one thread at a time.
/// </summary>
internal sealed class Utf8Map<T>
{
    /// <summary>Longest key: names and routing keys are short strings, whose length is one octet on the wire.</summary>
    public const int KeyBytesMax = 255;

    private const int BytesPerCharMax = 3;

    private readonly ConcurrentDictionary<byte[], T> _entries;
    private readonly ConcurrentDictionary<byte[], T>.AlternateLookup<ReadOnlySpan<byte>> _bySpan;

    public Utf8Map()
    {
        // One writer, so one lock; the default of one per core would cost every small exchange.
        _entries = new(concurrencyLevel: 1, capacity: 1, Utf8KeyComparer.Instance);
        _bySpan = _entries.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>The values, in no particular order.</summary>
    public IEnumerable<T> Values => _entries.Select(entry => entry.Value);

    public bool TryGet(ReadOnlySpan<byte> key, [MaybeNullWhen(false)] out T value) =>
        _bySpan.TryGetValue(key, out value);

    public bool TryGet(string key, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        if (key.Length > KeyBytesMax)
            return false;
        Span<byte> bytes = stackalloc byte[KeyBytesMax * BytesPerCharMax];
        return TryGet(bytes[..Encoding.UTF8.GetBytes(key, bytes)], out value);
    }

    /// <summary>Adds or replaces. The map keeps the array.</summary>
    public void Set(byte[] key, T value) => _entries[key] = value;

    public void Remove(byte[] key) => _entries.TryRemove(key, out _);

    public void Clear() => _entries.Clear();
}

/// <summary>
/// Compares UTF-8 names by their bytes. The hash is seeded per process, so a client cannot choose names that collide.
/// </summary>
internal sealed class Utf8KeyComparer
    : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly Utf8KeyComparer Instance = new();

    public static int Hash(ReadOnlySpan<byte> key)
    {
        // The runtime's seeded string hash takes characters: two bytes each, and the odd last byte mixed in.
        var hash = string.GetHashCode(MemoryMarshal.Cast<byte, char>(key));
        return (key.Length & 1) == 0 ? hash : (hash * 31) + key[^1];
    }

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] key) => Hash(key);

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => Hash(alternate);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
