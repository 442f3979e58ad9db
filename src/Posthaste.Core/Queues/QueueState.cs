using System.Buffers;
using System.Buffers.Binary;

namespace Posthaste.Core.Queues;

/// <summary>
/// The snapshot of a queue: what recovery cannot learn from the journal that is left. All numbers little-endian.
/// <code>
/// +---------+--------+----------------------------------------------------------+
/// | version | levels | per level:                                               |
/// | (u8, 2) | (u16)  |                                                          |
/// +---------+--------+----------------------------------------------------------+
/// | level | next seq | delivery mark | block count | counter count | blocks …   |
/// | (u8)  | (u64)    | (u64)         | (u32)       | (u32)         | counters … |
/// +-------+----------+---------------+-------------+---------------+------------+
///
/// block, 60 bytes and 16 per range of numbers that are not live in it:
/// +------------+--------+--------+-----------+----------+-------+------------+
/// | segment id | offset | length | first seq | last seq | count | body bytes |
/// | (u32)      | (u32)  | (i32)  | (u64)     | (u64)    | (i32) | (i64)      |
/// +------------+--------+--------+-----------+----------+-------+------------+
/// | min expiry, unix ms | live body bytes | range count | per range:         |
/// | (i64)               | (i64)           | (u32)       | first, last (u64s) |
/// +---------------------+-----------------+-------------+--------------------+
///
/// counters of a returned entry, wherever it is: the facts of its returns may go before the entry does:
/// +-------+----------------+----------------+--------------------------------+
/// | seq   | delivery count | acquired count | waits until, unix ms, 0: not   |
/// | (u64) | (u16)          | (u16)          | (i64; version 1 has none)      |
/// +-------+----------------+----------------+--------------------------------+
/// </code>
/// Blocks of transient messages are left out: they mean nothing after a restart.
/// </summary>
internal static class QueueState
{
    private const byte Version = 2;

    /// <summary>It knows nothing of entries that wait.</summary>
    private const byte VersionWithoutWaits = 1;

    public static void Write(
        IBufferWriter<byte> to, List<EntryLog> logs, Dictionary<EntryId, EntryCounters> counters,
        Dictionary<EntryId, long> waits)
    {
        var writer = new Writer(to);
        writer.U8(Version);
        writer.U16((ushort)logs.Count);
        foreach (var log in logs)
        {
            WriteLevel(ref writer, log, counters, waits);
        }
    }

    public static void Read(
        ReadOnlySpan<byte> from, Func<byte, EntryLog> logOf, Dictionary<EntryId, EntryCounters> counters,
        Dictionary<EntryId, long> waits)
    {
        var reader = new Reader(from);
        var version = reader.U8();
        if (version is not (Version or VersionWithoutWaits))
        {
            throw new InvalidDataException(
                $"Queue state has version {version}; this build reads versions {VersionWithoutWaits} to {Version}.");
        }

        for (var levels = reader.U16(); levels > 0; levels--)
        {
            ReadLevel(ref reader, logOf(reader.U8()), counters, version == VersionWithoutWaits ? null : waits);
        }
    }

    private static void WriteLevel(
        ref Writer writer, EntryLog log, Dictionary<EntryId, EntryCounters> counters, Dictionary<EntryId, long> waits)
    {
        var spans = log.Spans.All.Where(span => !span.IsTransient).ToList();
        var counted = counters.Where(pair => pair.Key.Level == log.Level).ToList();
        writer.U8(log.Level);
        writer.U64(log.NextSeq);
        writer.U64(log.Mark.DurableBelow);
        writer.U32((uint)spans.Count);
        writer.U32((uint)counted.Count);
        foreach (var span in spans)
        {
            WriteSpan(ref writer, span);
        }

        foreach (var (id, entryCounters) in counted)
        {
            writer.U64(id.Seq);
            writer.U16(entryCounters.DeliveryCount);
            writer.U16(entryCounters.AcquiredCount);
            writer.U64((ulong)waits.GetValueOrDefault(id));
        }
    }

    private static void ReadLevel(
        ref Reader reader, EntryLog log, Dictionary<EntryId, EntryCounters> counters, Dictionary<EntryId, long>? waits)
    {
        log.StartReplay(reader.U64());
        log.Mark.DurableBelow = reader.U64();
        var spanCount = reader.U32();
        var counterCount = reader.U32();
        for (; spanCount > 0; spanCount--)
        {
            ReadSpan(ref reader, log);
        }

        for (; counterCount > 0; counterCount--)
        {
            var id = log.Id(reader.U64());
            counters[id] = new EntryCounters(reader.U16(), reader.U16());
            if (waits is not null && reader.U64() is > 0 and var dueMs) waits[id] = (long)dueMs;
        }
    }

    private static void WriteSpan(ref Writer writer, ColdSpan span)
    {
        var block = span.Block;
        writer.U32(block.SegmentId);
        writer.U32(block.Offset);
        writer.U32((uint)block.Length);
        writer.U64(block.FirstSeq);
        writer.U64(block.LastSeq);
        writer.U32((uint)block.Count);
        writer.U64((ulong)block.BodyBytes);
        writer.U64((ulong)block.MinExpiresAtMs);
        writer.U64((ulong)span.LiveBodyBytes);
        writer.U32((uint)span.Absent.Ranges.Count);
        foreach (var (first, last) in span.Absent.Ranges)
        {
            writer.U64(first);
            writer.U64(last);
        }
    }

    private static void ReadSpan(ref Reader reader, EntryLog log)
    {
        var block = new ColdBlock(
            reader.U32(), reader.U32(), (int)reader.U32(), reader.U64(), reader.U64(), (int)reader.U32(),
            (long)reader.U64(), (long)reader.U64());
        var liveBodyBytes = (long)reader.U64();
        var absent = new (ulong First, ulong Last)[reader.Count(bytesEach: 16)];
        foreach (ref var range in absent.AsSpan())
        {
            range = (reader.U64(), reader.U64());
        }

        log.RestoreSpan(block, absent, liveBodyBytes);
    }

    private ref struct Writer(IBufferWriter<byte> to)
    {
        public void U8(byte value)
        {
            to.GetSpan(1)[0] = value;
            to.Advance(1);
        }

        public void U16(ushort value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(to.GetSpan(2), value);
            to.Advance(2);
        }

        public void U32(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(to.GetSpan(4), value);
            to.Advance(4);
        }

        public void U64(ulong value)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(to.GetSpan(8), value);
            to.Advance(8);
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> from)
    {
        private ReadOnlySpan<byte> _rest = from;

        public byte U8() => Take(1)[0];

        public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

        public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

        public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

        /// <summary>A count of things that must still follow: checked before memory is spent on them.</summary>
        public int Count(int bytesEach)
        {
            var count = U32();
            if (count > (uint)_rest.Length / bytesEach)
            {
                throw new InvalidDataException("Queue state ends early.");
            }

            return (int)count;
        }

        private ReadOnlySpan<byte> Take(int length)
        {
            if (_rest.Length < length)
            {
                throw new InvalidDataException("Queue state ends early.");
            }

            var taken = _rest[..length];
            _rest = _rest[length..];
            return taken;
        }
    }
}
