using System.Buffers;
using System.Buffers.Binary;
using Posthaste.Broker.Pipeline;
using Posthaste.Core.Catalog;
using Posthaste.Storage.Snapshots;

namespace Posthaste.Broker.Storage;

/// <summary>
/// What a snapshot holds: the records that would build the broker's state anew (virtual hosts, catalog, queue states),
/// without messages.
/// <code>
///  0              4
/// +--------------+--------+-----------+
/// | length (u32) | type   | payload … |   once per record; the length counts what follows it
/// +--------------+--------+-----------+
/// </code>
/// </summary>
internal static class SnapshotContent
{
    private const int HeaderBytes = 5;

    /// <summary>
    /// Writes the state between two batches: queues as they are now, and the catalog, which may already be further (its
    /// records can be repeated).
    /// </summary>
    public static void Write(MessageBroker broker, IBufferWriter<byte> to)
    {
        var record = new ArrayBufferWriter<byte>(1024);
        WriteCatalog(record, to, 0, new QueueIdsUsed(broker.QueueIds.LastQueueId));
        WriteSegmentsUsed(to, broker.Segments!.LastId);
        VirtualHost[] hosts;
        lock (broker.CatalogLock)
        {
            hosts = [.. broker.VirtualHosts];
            WriteCatalog(record, to, 0, new VirtualHostIdsUsed(broker.LastVirtualHostId));
        }

        // One that is deleted meanwhile is empty: the journal behind the snapshot says that it is gone.
        foreach (var host in hosts)
        {
            WriteCatalog(record, to, host.Id, new VirtualHostAdded(host.Id, host.Name));
            foreach (var change in host.Snapshot()) WriteCatalog(record, to, host.Id, change);
        }

        foreach (var queue in broker.AllQueues)
        {
            if (!queue.IsJournaled) continue;
            record.ResetWrittenCount();
            BinaryPrimitives.WriteUInt64LittleEndian(record.GetSpan(sizeof(ulong)), queue.Id);
            record.Advance(sizeof(ulong));
            // One that was deleted since the catalog was written: the journal behind the snapshot says so.
            if (queue.TryWriteState(record)) WriteRecord(to, RecordType.QueueState, record.WrittenSpan);
        }
    }

    /// <summary>
    /// Writes what may be further than the snapshot's position, since replaying the records in between ends in the same
    /// state: for each key the last one says how it is. Done later and in pieces, so its size holds up nobody; all of
    /// it has to be durable before the snapshot counts.
    /// </summary>
    public static void WriteLater(MessageBroker broker, IBufferWriter<byte> to)
    {
        broker.Notes.WriteSnapshot(to);
        foreach (var host in broker.VirtualHosts)
        {
            host.Notes.WriteSnapshot(to);
            host.Retained.WriteSnapshot(to);
        }
    }

    /// <summary>Gives the records to the recovery, in order.</summary>
    public static void Read(SnapshotReader snapshot, Recovery recovery)
    {
        while (!snapshot.IsAtEnd)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(snapshot.Take(sizeof(int)));
            var record = snapshot.Take(length);
            recovery.Visit(record[0], record[1..], payloadPosition: 0);
        }
    }

    public static void WriteRecord<TFact>(
        IBufferWriter<byte> to, RecordType type, int bytes, TFact fact, SpanWriter<TFact> write)
        where TFact : allows ref struct
    {
        var target = to.GetSpan(HeaderBytes + bytes);
        BinaryPrimitives.WriteInt32LittleEndian(target, bytes + 1);
        target[4] = (byte)type;
        write(target.Slice(HeaderBytes, bytes), fact);
        to.Advance(HeaderBytes + bytes);
    }

    private static void WriteSegmentsUsed(IBufferWriter<byte> to, int lastSegmentId) => WriteRecord(
        to, RecordType.SegmentsUsed, sizeof(int), lastSegmentId, BinaryPrimitives.WriteInt32LittleEndian);

    private static void WriteCatalog(
        ArrayBufferWriter<byte> record, IBufferWriter<byte> to, uint hostId, CatalogChange change)
    {
        record.ResetWrittenCount();
        BinaryPrimitives.WriteUInt32LittleEndian(record.GetSpan(sizeof(uint)), hostId);
        record.Advance(sizeof(uint));
        CatalogCodec.Write(change, record);
        WriteRecord(to, RecordType.Catalog, record.WrittenSpan);
    }

    private static void WriteRecord(IBufferWriter<byte> to, RecordType type, ReadOnlySpan<byte> payload) =>
        WriteRecord(to, type, payload.Length, payload, static (target, from) => from.CopyTo(target));
}
