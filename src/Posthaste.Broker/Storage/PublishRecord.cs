using System.Buffers.Binary;
using Posthaste.Broker.Queues;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Payload of a publish record: where a message goes, then the message (see MessageView).
/// <code>
///  0        1        2                4                                12
/// +--------+--------+----------------+--------------------------------+
/// | flags  |priority| queues (u16)   | ttl ms (i64)                   |
/// +--------+--------+----------------+--------------------------------+
/// | delay ms (i64), | queue id (u64) × queues | distance | message …  |
/// | if flag 1       |                         | (u32)    |            |
/// +-----------------+-------------------------+----------+------------+
/// </code>
/// The distance from the start of the record's payload to the message lets the journal find the record, and so its
/// checksum, by the message's location; in a compound record that start is further back than this part's. Only queues
/// that keep this message through a restart are listed. Time to live counts from the message's own time of arrival, so
/// a replay finds the same expiry; -1 for none. So does the delay, for which queues of delayed messages hold it;
/// for them the time to live means nothing. Integers are little-endian.
/// </summary>
internal static class PublishRecord
{
    private const int FixedBytes = 12;
    private const byte DelayedFlag = 1;

    public static int HeaderBytes(int queueCount, bool isDelayed) =>
        QueuesAt(isDelayed) + (queueCount * sizeof(ulong)) + Journal.DistanceBytes;

    /// <summary>Counts the queues that keep a message of this persistence.</summary>
    public static int CountKeeping(ReadOnlySpan<BrokerQueue> queues, bool persistent)
    {
        var count = 0;
        foreach (var queue in queues)
        {
            if (queue.Keeps(persistent)) count++;
        }

        return count;
    }

    /// <summary>Writes everything before the message; returns its length.</summary>
    /// <param name="delayMs">0 for a message that is not delayed.</param>
    /// <param name="offset">Where in the record's payload this begins: behind 0 in compound records.</param>
    public static int WriteHeader(
        Span<byte> target, ReadOnlySpan<BrokerQueue> queues, bool persistent, byte priority, long ttlMs, long delayMs,
        int offset)
    {
        var isDelayed = delayMs > 0;
        var at = QueuesAt(isDelayed);
        var count = 0;
        foreach (var queue in queues)
        {
            if (!queue.Keeps(persistent)) continue;
            BinaryPrimitives.WriteUInt64LittleEndian(target[at..], queue.Id);
            at += sizeof(ulong);
            count++;
        }

        target[0] = isDelayed ? DelayedFlag : (byte)0;
        target[1] = priority;
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], checked((ushort)count));
        BinaryPrimitives.WriteInt64LittleEndian(target[4..], ttlMs);
        if (isDelayed) BinaryPrimitives.WriteInt64LittleEndian(target[FixedBytes..], delayMs);
        Journal.WriteDistance(target[at..], offset + at + Journal.DistanceBytes);
        return at + Journal.DistanceBytes;
    }

    private static int QueuesAt(bool isDelayed) => FixedBytes + (isDelayed ? sizeof(long) : 0);

    /// <summary>A publish record as read.</summary>
    public readonly ref struct Reader
    {
        private readonly ReadOnlySpan<byte> _payload;
        private readonly bool _isDelayed;

        /// <exception cref="StorageDamagedException">A newer version has written it.</exception>
        public Reader(ReadOnlySpan<byte> payload)
        {
            if ((payload[0] & ~DelayedFlag) != 0)
                throw new StorageDamagedException($"A publish record has unknown flags {payload[0]:x2}.");
            _payload = payload;
            _isDelayed = payload[0] != 0;
        }

        public byte Priority => _payload[1];

        public int QueueCount => BinaryPrimitives.ReadUInt16LittleEndian(_payload[2..]);

        public long TtlMs => BinaryPrimitives.ReadInt64LittleEndian(_payload[4..]);

        /// <summary>0 for a message that is not delayed.</summary>
        public long DelayMs => _isDelayed ? BinaryPrimitives.ReadInt64LittleEndian(_payload[FixedBytes..]) : 0;

        public int MessageOffset => HeaderBytes(QueueCount, _isDelayed);

        public ReadOnlySpan<byte> Message => _payload[MessageOffset..];

        public ulong QueueId(int index) =>
            BinaryPrimitives.ReadUInt64LittleEndian(_payload[(QueuesAt(_isDelayed) + (index * sizeof(ulong)))..]);
    }
}
