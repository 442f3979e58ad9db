using Posthaste.Core.Messages;
using Posthaste.Primitives;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Segments;

namespace Posthaste.Broker.Storage;

/// <summary>Finds the bytes of stored messages, wherever they are. Any thread.</summary>
internal sealed class MessageStore(MessageArena arena, DataStore data)
{
    /// <summary>
    /// The bytes of a message if they are in memory. They stay valid until <paramref name="lease"/> moves on or ends.
    /// </summary>
    /// <returns>False when they have to be loaded first (<see cref="Load"/>).</returns>
    public bool TryRead(MessageLocation location, int length, ref BlockLease lease, out ReadOnlySpan<byte> bytes)
    {
        switch (location.Space)
        {
            case LocationSpace.Arena:
                bytes = arena.Read(location, length);
                return true;
            case LocationSpace.Journal:
                return TryReadJournal(location.Position, length, ref lease, out bytes);
            default:
                return TryReadSegment(location, length, ref lease, out bytes);
        }
    }

    /// <summary>Brings the bytes into memory. Blocks on the disk: never on a strand.</summary>
    /// <exception cref="StorageException">They can't be read or are damaged.</exception>
    public void Load(MessageLocation location, int length)
    {
        if (location.Space == LocationSpace.Journal) data.Journal!.LoadPart(location.Position, length, out _).Release();
        else if (location.Space == LocationSpace.Segment) LoadSegment(Place(location));
    }

    private bool TryReadJournal(long position, int length, ref BlockLease lease, out ReadOnlySpan<byte> bytes)
    {
        if (lease.TryRead(position, length, out bytes)) return true;
        if (!data.Journal!.TryPin(position, length, out var block, out var offset)) return false;
        lease.Take(block, block.Array, position - offset, block.StartPosition, block.EndPosition);
        bytes = block.Array.AsSpan(offset, length);
        return true;
    }

    private bool TryReadSegment(
        MessageLocation location, int length, ref BlockLease lease, out ReadOnlySpan<byte> bytes)
    {
        if (!data.Segments!.TryPin(Place(location), length, out var block, out var offset))
        {
            bytes = default;
            return false;
        }

        lease.Take(block);
        bytes = block.Array.AsSpan(offset, length);
        return true;
    }

    private void LoadSegment(SegmentLocation place)
    {
        if (!data.Segments!.TryFind(place, out var info))
        {
            throw new StorageDamagedException($"No block of segment {place.SegmentId} holds offset {place.Offset}.");
        }

        data.Segments.Load(info).Release();
    }

    private static SegmentLocation Place(MessageLocation location) =>
        new((int)location.SegmentId, location.SegmentOffset);
}

/// <summary>
/// Holds on to the block that was read last, so that a run of messages from one block costs one reference. Belongs to
/// one strand.
/// </summary>
internal struct BlockLease
{
    private RefCounted? _block;
    private byte[]? _bytes;
    private long _arrayPosition;
    private long _startPosition;
    private long _endPosition;

    /// <summary>The bytes if they are in the block that is held.</summary>
    public readonly bool TryRead(long position, int length, out ReadOnlySpan<byte> bytes)
    {
        if (_bytes is null || position < _startPosition || position + length > _endPosition)
        {
            bytes = default;
            return false;
        }

        bytes = _bytes.AsSpan((int)(position - _arrayPosition), length);
        return true;
    }

    /// <summary>Takes over a reference to another block; gives back the one held so far.</summary>
    /// <param name="arrayPosition">The position that the array's first byte would have.</param>
    /// <param name="startPosition">Position of the block's first byte, which need not be the array's.</param>
    /// <param name="endPosition">Position behind the last byte of the block.</param>
    public void Take(RefCounted block, byte[] bytes, long arrayPosition, long startPosition, long endPosition)
    {
        Take(block);
        _bytes = bytes;
        _arrayPosition = arrayPosition;
        _startPosition = startPosition;
        _endPosition = endPosition;
    }

    /// <summary>Takes over a reference to a block that is looked up anew for each message.</summary>
    public void Take(RefCounted block)
    {
        Release();
        _block = block;
    }

    public void Release()
    {
        _block?.Release();
        _block = null;
        _bytes = null;
    }
}
