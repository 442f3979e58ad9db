using System.Buffers.Binary;
using Posthaste.Broker.Queues;
using Posthaste.Storage.Journaling;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Payload of a publish record: where a message goes, then the message (see MessageView).
/// <code>
///  0        1        2                4                                12
/// +--------+--------+----------------+--------------------------------+
/// | zero   |priority| queues (u16)   | ttl ms (i64)                   |
/// +--------+--------+----------------+--------------------------------+
/// | queue id (u64) × queues          | distance (u32) | message …     |
/// +----------------------------------+----------------+---------------+
/// </code>
/// The distance from the start of the record's payload to the message lets the journal find the record, and so its
/// checksum, by the message's location; in a compound record that start is further back than this part's. Only queues
/// that keep this message through a restart are listed. Time to live counts from the message's own time of arrival, so
/// a replay finds the same expiry; -1 for none. Integers are little-endian.
/// </summary>
internal static class PublishRecord
{
    private const int QueuesAt = 12;

    public static int HeaderBytes(int queueCount) => QueuesAt + (queueCount * sizeof(ulong)) + Journal.DistanceBytes;

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
    /// <param name="offset">Where in the record's payload this begins: behind 0 in compound records.</param>
    public static int WriteHeader(
        Span<byte> target, ReadOnlySpan<BrokerQueue> queues, bool persistent, byte priority, long ttlMs, int offset)
    {
        var at = QueuesAt;
        var count = 0;
        foreach (var queue in queues)
        {
            if (!queue.Keeps(persistent)) continue;
            BinaryPrimitives.WriteUInt64LittleEndian(target[at..], queue.Id);
            at += sizeof(ulong);
            count++;
        }

        target[0] = 0;
        target[1] = priority;
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], checked((ushort)count));
        BinaryPrimitives.WriteInt64LittleEndian(target[4..], ttlMs);
        Journal.WriteDistance(target[at..], offset + at + Journal.DistanceBytes);
        return at + Journal.DistanceBytes;
    }

    /// <summary>A publish record as read.</summary>
    public readonly ref struct Reader(ReadOnlySpan<byte> payload)
    {
        private readonly ReadOnlySpan<byte> _payload = payload;

        public byte Priority => _payload[1];

        public int QueueCount => BinaryPrimitives.ReadUInt16LittleEndian(_payload[2..]);

        public long TtlMs => BinaryPrimitives.ReadInt64LittleEndian(_payload[4..]);

        public int MessageOffset => HeaderBytes(QueueCount);

        public ReadOnlySpan<byte> Message => _payload[MessageOffset..];

        public ulong QueueId(int index) =>
            BinaryPrimitives.ReadUInt64LittleEndian(_payload[(QueuesAt + (index * sizeof(ulong)))..]);
    }
}
