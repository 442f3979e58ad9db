using Posthaste.Core.Collections;

namespace Posthaste.Core.Notes;

/// <summary>
/// Something that a protocol has to remember: a key and a value, bytes both. Immutable, so it can be kept.
/// </summary>
public readonly struct Note : IKeyed
{
    /// <summary>Bytes of a key. 1 KiB: a protocol's letter, an identifier that it bounds itself, a number.</summary>
    public const int KeyBytesMax = 1024;

    /// <summary>
    /// Bytes of a value. 64 KiB: a will, a list of subscriptions; what is larger is a message and belongs in a queue.
    /// </summary>
    public const int ValueBytesMax = 64 << 10;

    /// <summary>What a note costs beside its bytes: the array's head and its place in the map.</summary>
    internal const int OverheadBytes = 48;

    private readonly byte[] _bytes;
    private readonly int _keyLength;

    internal Note(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(key.Length + value.Length);
        key.CopyTo(_bytes);
        value.CopyTo(_bytes.AsSpan(key.Length));
        _keyLength = key.Length;
    }

    public ReadOnlySpan<byte> Key => _bytes.AsSpan(0, _keyLength);

    public ReadOnlySpan<byte> Value => _bytes.AsSpan(_keyLength);

    internal static long CostBytes(int keyLength, int valueLength) => OverheadBytes + keyLength + valueLength;

    internal long Cost => OverheadBytes + _bytes.Length;
}

/// <summary>Why a note was not taken.</summary>
public enum NoteRefusal
{
    None = 0,

    /// <summary>The key is empty or longer than <see cref="Note.KeyBytesMax"/>.</summary>
    KeyLength,

    /// <summary>The value is longer than <see cref="Note.ValueBytesMax"/>.</summary>
    ValueLength,

    /// <summary>There are as many notes as there may be.</summary>
    TooMany,

    /// <summary>The notes are as large together as they may be.</summary>
    TooManyBytes,

    /// <summary>The journal has failed or has no room: what can't be remembered durably is not remembered.</summary>
    NotRecorded,

    /// <summary>The virtual host is deleted.</summary>
    Deleted,
}
