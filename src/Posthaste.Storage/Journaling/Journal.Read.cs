using System.Buffers.Binary;
using Posthaste.Primitives;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Journaling;

// Reading by position: without a lock from memory, with I/O from the device. Any thread.
public sealed partial class Journal
{
    /// <summary>
    /// Finds bytes in memory without waiting for anything. On success the caller owns a reference to the block.
    /// </summary>
    /// <param name="position">The position of the first byte, a payload's or one inside of it.</param>
    /// <param name="length">How many bytes, all of one record.</param>
    /// <param name="block">The block; <see cref="RefCounted.Release"/> it after use.</param>
    /// <param name="offset">Where in <see cref="JournalBlock.Array"/> the bytes begin.</param>
    /// <returns>False when they are not in memory: <see cref="Load"/> them on a thread that may wait.</returns>
    public bool TryPin(long position, int length, out JournalBlock block, out int offset)
    {
        // The byte before is in the same block, since a record's header precedes its payload; at the position itself
        // an empty payload may already be in the next block.
        long known = position - 1;
        if (_files.Find(known)?.BlockAt(known) is { } found && found.TryRetain())
        {
            // The object may have been reused for another place since it was looked up; now that it is held, it stays.
            if (found.Covers(position, length))
            {
                found.WasUsed = true;
                block = found;
                offset = found.OffsetOf(position);
                return true;
            }
            found.Release();
        }
        block = null!;
        offset = 0;
        return false;
    }

    /// <summary>
    /// Reads a block from a record on from the device, checks its records and keeps it in memory for others.
    /// Waits for the device. The caller owns a reference to the result.
    /// </summary>
    /// <param name="payloadPosition">The position of a record's payload.</param>
    /// <param name="payloadBytes">The size of that payload.</param>
    /// <param name="offset">Where in <see cref="JournalBlock.Array"/> the payload begins.</param>
    /// <exception cref="StorageDamagedException">The record is not what was written; names file and offset.</exception>
    /// <exception cref="IOException">The device failed.</exception>
    public JournalBlock Load(long payloadPosition, int payloadBytes, out int offset)
    {
        if (TryPin(payloadPosition, payloadBytes, out JournalBlock block, out offset))
        {
            return block;
        }
        long recordStart = payloadPosition - RecordHeader.Bytes;
        int recordBytes = RecordHeader.BytesWith(payloadBytes);
        JournalFile file = _files.Find(recordStart) ?? throw new StorageDamagedException(
            $"Position {payloadPosition} is in no journal file: its file was given back or is missing.");
        Checks.Require(recordStart + recordBytes <= DurablePosition);

        block = ReadBlock(file, recordStart, recordBytes);
        try
        {
            offset = block.OffsetOf(payloadPosition);
            Span<byte> record = block.Span(recordStart, recordBytes);
            if (RecordHeader.ReadLength(record) != payloadBytes
                || RecordHeader.Validate(record, recordStart, file.Salt) != recordBytes)
            {
                throw new StorageDamagedException(
                    $"The record at position {recordStart} is damaged: "
                    + $"{recordBytes} bytes at offset {file.OffsetOf(recordStart)} of {file.Store.Name}.");
            }
            block.NarrowTo(recordStart, VerifiedEnd(block, recordStart, file.Salt));
        }
        catch
        {
            block.Release();
            throw;
        }
        block.Retain();
        _residency.AddLoaded(block, file);
        return block;
    }

    /// <summary>
    /// Bytes of the distance that stands before a part of a payload which <see cref="LoadPart"/> can find.
    /// </summary>
    public const int DistanceBytes = sizeof(uint);

    /// <summary>Writes what has to stand right before such a part.</summary>
    /// <param name="target">Where; <see cref="DistanceBytes"/> long at least.</param>
    /// <param name="distance">From the start of the record's payload to the part.</param>
    public static void WriteDistance(Span<byte> target, int distance) =>
        BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)distance);

    /// <summary>
    /// As <see cref="Load"/>, for a part of a payload with its distance before it (<see cref="WriteDistance"/>): checks
    /// the whole record.
    /// </summary>
    /// <param name="position">The position of the part.</param>
    /// <param name="length">Its size.</param>
    /// <param name="offset">Where in <see cref="JournalBlock.Array"/> the part begins.</param>
    /// <exception cref="StorageDamagedException">The record is not what was written; names file and offset.</exception>
    /// <exception cref="IOException">The device failed.</exception>
    public JournalBlock LoadPart(long position, int length, out int offset)
    {
        if (TryPin(position, length, out JournalBlock block, out offset))
        {
            return block;
        }
        JournalFile file = _files.Find(position - 1) ?? throw new StorageDamagedException(
            $"Position {position} is in no journal file: its file was given back or is missing.");
        Span<byte> field = stackalloc byte[RecordHeader.Bytes];

        // Neither the distance nor the length found by it is trusted before the record's checksum was verified.
        Read(file, position - DistanceBytes, field[..DistanceBytes]);
        long payloadPosition = position - BinaryPrimitives.ReadUInt32LittleEndian(field);
        long recordStart = payloadPosition - RecordHeader.Bytes;
        if (recordStart >= file.Base && payloadPosition < position)
        {
            Read(file, recordStart, field);
            int payloadBytes = RecordHeader.ReadLength(field);
            if (payloadBytes >= position - payloadPosition + length
                && recordStart + RecordHeader.BytesWith(payloadBytes) <= Math.Min(file.End, DurablePosition))
            {
                block = Load(payloadPosition, payloadBytes, out int start);
                offset = start + (int)(position - payloadPosition);
                return block;
            }
        }
        throw new StorageDamagedException(
            $"The record around position {position} is damaged: "
                + $"offset {file.OffsetOf(position)} of {file.Store.Name}.");
    }

    private static void Read(JournalFile file, long position, Span<byte> bytes)
    {
        int read = file.Store.File.Read(file.OffsetOf(position), bytes);
        bytes[read..].Clear();
    }

    // Others will take what they need from the block without another look, so it holds nothing that was not verified:
    // the records from the first one on, up to one that is damaged or not complete in the block.
    private static long VerifiedEnd(JournalBlock block, long recordStart, ulong salt)
    {
        long position = recordStart;
        while (position < block.End)
        {
            int bytes = RecordHeader.Validate(block.Span(position, (int)(block.End - position)), position, salt);
            if (bytes == 0)
            {
                break;
            }
            position += bytes;
        }
        return position;
    }

    // About a mebibyte of whole granules from the record's start, or what the record takes. Only granules that are
    // durable throughout are read: the one with the tail is in memory, with more in it than on disk.
    private JournalBlock ReadBlock(JournalFile file, long recordStart, int recordBytes)
    {
        long from = JournalFormat.GranuleFloor(recordStart);
        long needed = JournalFormat.GranuleCeiling(recordStart + recordBytes);
        long durable = Math.Min(JournalFormat.GranuleFloor(DurablePosition), file.End);
        long to = Math.Max(needed, Math.Min(from + JournalFormat.BlockBytes, durable));
        int bytes = (int)(to - from);

        PinnedMemory memory = _memory.Rent(bytes);
        try
        {
            int read = file.Store.File.Read(file.OffsetOf(from), memory.Array.AsSpan(0, bytes));
            memory.Array.AsSpan(read, bytes - read).Clear();
        }
        catch
        {
            memory.Release();
            throw;
        }
        return NewBlock(memory, 0, from, bytes, 0, isLoaded: true);
    }
}
