using System.Buffers.Binary;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Storage;

/// <summary>Entries of one level with consecutive sequence numbers.</summary>
public readonly record struct EntryRange(EntryId First, uint Count);

/// <summary>
/// Payload of a settle record: entries of one queue that have left it, as ranges.
/// <code>
///  0                8            12
/// +----------------+------------+----------------------------------------+
/// | queue id (u64) | ranges     | ( first entry id (u64), count (u32) )… |
/// |                | (u32)      |                                        |
/// +----------------+------------+----------------------------------------+
/// </code>
/// Integers are little-endian.
/// </summary>
internal static class SettleRecord
{
    public const int FixedBytes = 12;
    public const int RangeBytes = 12;

    /// <summary>Ranges per record: keeps a record small enough to be written inline (64 KiB).</summary>
    public const int RangesMax = 4096;

    public static int Size(int rangeCount) => FixedBytes + (rangeCount * RangeBytes);

    public static void Write(Span<byte> target, ulong queueId, ReadOnlySpan<EntryRange> ranges)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, queueId);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], (uint)ranges.Length);
        var at = FixedBytes;
        foreach (var range in ranges)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(target[at..], range.First.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(target[(at + 8)..], range.Count);
            at += RangeBytes;
        }
    }

    public static ulong ReadQueueId(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt64LittleEndian(payload);

    public static int ReadCount(ReadOnlySpan<byte> payload) =>
        (int)BinaryPrimitives.ReadUInt32LittleEndian(payload[8..]);

    public static EntryRange ReadRange(ReadOnlySpan<byte> payload, int index)
    {
        var at = payload[(FixedBytes + (index * RangeBytes))..];
        return new EntryRange(
            new EntryId(BinaryPrimitives.ReadUInt64LittleEndian(at)), BinaryPrimitives.ReadUInt32LittleEndian(at[8..]));
    }
}

/// <summary>
/// Gathers entry ids into ranges: acknowledgements mostly come in order. Reused; owned by one strand.
/// </summary>
internal sealed class EntryRanges
{
    private EntryRange[] _ranges = [];
    private int _count;

    public int Count => _count;

    public ReadOnlySpan<EntryRange> Span => _ranges.AsSpan(0, _count);

    public void Add(EntryId id)
    {
        if (_count > 0)
        {
            ref var last = ref _ranges[_count - 1];
            if (last.First.Value + last.Count == id.Value)
            {
                last = last with { Count = last.Count + 1 };
                return;
            }
        }

        if (_count == _ranges.Length) Array.Resize(ref _ranges, Math.Max(4, _count * 2));
        _ranges[_count++] = new EntryRange(id, 1);
    }

    /// <summary>Adds consecutive ids of one level, however many.</summary>
    public void Add(EntryId first, ulong count)
    {
        for (var at = first.Value; count > 0;)
        {
            var part = (uint)Math.Min(count, uint.MaxValue);
            if (_count == _ranges.Length) Array.Resize(ref _ranges, Math.Max(4, _count * 2));
            _ranges[_count++] = new EntryRange(new EntryId(at), part);
            at += part;
            count -= part;
        }
    }

    /// <summary>Forgets the first ranges.</summary>
    public void RemoveFirst(int count)
    {
        _ranges.AsSpan(count, _count - count).CopyTo(_ranges);
        _count -= count;
    }

    public void Clear() => _count = 0;
}
