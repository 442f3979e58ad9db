using Posthaste.Primitives;

namespace Posthaste.Storage.Journaling;

/// <summary>
/// A piece of the address space in memory, shared by reference count. Whoever got one from
/// <see cref="Journal.TryPin"/>, <see cref="Journal.Load"/> or <see cref="Journal.RentLarge"/> owns one reference and
/// releases it. The object is reused afterwards: keep no reference without owning one.
/// </summary>
public sealed class JournalBlock : RefCounted
{
    /// <summary>The position of a block that has none: no lookup matches it.</summary>
    internal const long Nowhere = long.MaxValue;

    private readonly Journal _owner;
    private PinnedMemory? _memory;
    private long _base;
    private long _end;

    internal JournalBlock(Journal owner) => _owner = owner;

    /// <summary>The array that holds the block; offsets from <see cref="Journal.TryPin"/> index into it.</summary>
    public byte[] Array => _memory!.Array;

    /// <summary>For a block from <see cref="Journal.RentLarge"/>: the payload to fill before it is appended.</summary>
    public Span<byte> Payload => Array.AsSpan(RecordHeader.Bytes, PayloadBytes);

    /// <summary>For a block from <see cref="Journal.RentLarge"/>: the size of its payload. Otherwise zero.</summary>
    public int PayloadBytes { get; private set; }

    /// <summary>Position of its first byte.</summary>
    public long StartPosition => Base;

    /// <summary>
    /// Position behind its last byte. A block that is appended to may end earlier later on, never before what was
    /// appended.
    /// </summary>
    public long EndPosition => End;

    internal long Base => Volatile.Read(ref _base);

    internal long End => Volatile.Read(ref _end);

    internal int Bytes => (int)(End - Base);

    /// <summary>What it counts against a budget: a loaded one its memory, however little of that can be used.</summary>
    internal int HeldBytes => IsLoaded ? Memory.Array.Length : Bytes;

    internal int MemoryOffset { get; private set; }

    internal PinnedMemory Memory => _memory!;

    /// <summary>
    /// Where the block lives while it is in its file's table; null for one that only its renter knows.
    /// </summary>
    internal JournalFile? File { get; set; }

    /// <summary>True for a copy read from disk, false for one that was appended to.</summary>
    internal bool IsLoaded { get; private set; }

    /// <summary>Set by readers, cleared by the eviction's clock hand.</summary>
    internal bool WasUsed { get; set; }

    /// <summary>The file made for a payload that no ordinary file can hold.</summary>
    internal JournalFileStore? OwnStore { get; set; }

    /// <summary>The offset of a position in <see cref="Array"/>.</summary>
    internal int OffsetOf(long position) => MemoryOffset + (int)(position - Base);

    internal Span<byte> Span(long position, int bytes) => Array.AsSpan(OffsetOf(position), bytes);

    // The base is read first and written last, so that a block that gets its position meanwhile matches either
    // nowhere or with both ends.
    internal bool Covers(long position, int bytes) => position >= Base && position + bytes <= End;

    /// <summary>Takes over one reference to the memory.</summary>
    internal void Assign(
        PinnedMemory memory, int memoryOffset, long position, int bytes, int payloadBytes, bool isLoaded)
    {
        _memory = memory;
        MemoryOffset = memoryOffset;
        PayloadBytes = payloadBytes;
        IsLoaded = isLoaded;
        WasUsed = false;
        Place(position, bytes);
    }

    /// <summary>Gives a rented block its position, when it is appended.</summary>
    internal void Place(long position, int bytes)
    {
        Volatile.Write(ref _end, position + bytes);
        Volatile.Write(ref _base, position);
    }

    /// <summary>Ends the block early, so that what follows in the address space lies elsewhere in memory.</summary>
    internal void CutAt(long end)
    {
        Checks.Require(end >= Base && end <= End);
        Volatile.Write(ref _end, end);
    }

    /// <summary>Leaves only a part of the block to be found; the memory stays as it is.</summary>
    internal void NarrowTo(long start, long end)
    {
        Checks.Require(start >= Base && start < end && end <= End);
        MemoryOffset += (int)(start - Base);
        Place(start, (int)(end - start));
    }

    internal void Reuse() => Revive();

    /// <inheritdoc/>
    protected override void Free()
    {
        JournalFileStore? ownStore = OwnStore;
        OwnStore = null;
        File = null;
        Place(Nowhere, 0);
        PinnedMemory memory = _memory!;
        _memory = null;
        memory.Release();
        _owner.Reclaim(this, ownStore);
    }
}
