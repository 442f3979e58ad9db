using Posthaste.Primitives;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Journaling;

// Appending: everything here runs under the caller's lock and touches memory only, but for a roll that finds no file
// prepared.
public sealed partial class Journal
{
    private SealedBatch _open;
    private JournalBlock? _active;
    private bool _isBatchOpen;
    private long _tail;
    private long _pieceStart;
    private int _room; // bytes left in the active block

    /// <summary>
    /// Reserves a record of up to <see cref="InlinePayloadBytesMax"/> bytes; the caller fills the returned span, all of
    /// it, before it leaves its lock.
    /// </summary>
    /// <param name="type">The caller's record type, 1 to <see cref="RecordTypeMax"/>.</param>
    /// <param name="payloadBytes">The size of the payload, zero included.</param>
    /// <param name="payloadPosition">Where the payload is, for good.</param>
    /// <exception cref="JournalFailedException">The journal is read-only.</exception>
    /// <exception cref="JournalFullException">No room for the next file; nothing was appended.</exception>
    public Span<byte> Append(byte type, int payloadBytes, out long payloadPosition)
    {
        Checks.Require(type is >= 1 and <= RecordTypeMax);
        Checks.Require(payloadBytes is >= 0 and <= InlinePayloadBytesMax);
        ThrowIfFailed();
        int recordBytes = RecordHeader.BytesWith(payloadBytes);
        if (!_isBatchOpen || _room < recordBytes)
        {
            MakeRoom(recordBytes);
        }
        payloadPosition = _tail + RecordHeader.Bytes;
        _open.RecordCount++;
        return Place(type, payloadBytes, recordBytes);
    }

    /// <summary>
    /// A block of its own for a payload of any size up to <see cref="PayloadBytesMax"/>. Fill
    /// <see cref="JournalBlock.Payload"/> outside of any lock, then give it to <see cref="AppendLarge"/>, or release
    /// it. Any thread. Does I/O when the payload is too large for an ordinary journal file.
    /// </summary>
    /// <exception cref="StorageFullException">No room for a file of that size.</exception>
    /// <exception cref="JournalFailedException">The journal is read-only.</exception>
    public JournalBlock RentLarge(int payloadBytes)
    {
        Checks.Require(payloadBytes is >= 0 and <= PayloadBytesMax);
        ThrowIfFailed();
        int bytes = (int)JournalFormat.GranuleCeiling(RecordHeader.BytesWith(payloadBytes));
        JournalFileStore? ownStore = bytes > _options.FileBytes ? CreateOwn(bytes) : null;
        JournalBlock block = NewBlock(
            _memory.Rent(bytes), 0, JournalBlock.Nowhere, bytes, payloadBytes, isLoaded: false);
        block.OwnStore = ownStore;
        return block;
    }

    private JournalFileStore CreateOwn(int bytes)
    {
        try
        {
            return _files.CreateSpare(bytes);
        }
        catch (IOException e) when (e is not StorageFullException)
        {
            throw new JournalFullException($"A journal file of {bytes} bytes could not be made: {e.Message}");
        }
    }

    /// <summary>Appends a rented block without copying it, and takes over the caller's reference.</summary>
    /// <returns>The position of the payload.</returns>
    /// <exception cref="JournalFailedException">The journal is read-only; the block still is the caller's.</exception>
    /// <exception cref="JournalFullException">No room for the next file; likewise.</exception>
    public long AppendLarge(byte type, JournalBlock block)
    {
        Checks.Require(type is >= 1 and <= RecordTypeMax);
        Checks.Require(block.Base == JournalBlock.Nowhere);
        ThrowIfFailed();
        if (!_isBatchOpen)
        {
            OpenBatch();
        }
        int blockBytes = (int)JournalFormat.GranuleCeiling(RecordHeader.BytesWith(block.PayloadBytes));
        long start = JournalFormat.GranuleCeiling(_tail);
        JournalFile file = _files.Tail;
        if (start + blockBytes > file.End)
        {
            file = _files.Roll(start, block.OwnStore);
            block.OwnStore = null;
        }

        PinnedMemory? rest = CutActive(start, out int restOffset);
        block.Place(start, blockBytes);
        Activate(block, file);
        Place(type, block.PayloadBytes, RecordHeader.BytesWith(block.PayloadBytes));
        _open.RecordCount++;
        PadTo(start + blockBytes);
        ContinueIn(rest, restOffset, file);
        return start + RecordHeader.Bytes;
    }

    /// <summary>Closes what was appended since the last seal into a batch.</summary>
    /// <param name="unixTimeMs">The wall clock, kept in the batch for whoever reads the journal.</param>
    /// <param name="batch">The batch to commit.</param>
    /// <returns>False when nothing was appended.</returns>
    public bool Seal(long unixTimeMs, out JournalBatch batch)
    {
        if (_open.RecordCount == 0)
        {
            batch = default;
            return false;
        }
        if (_room < BatchHeader.Bytes)
        {
            // So the next batch begins where this one ends, with its header in one piece.
            PadTo(_tail + _room);
        }
        EndPiece();
        Checks.Require(_open.End - _open.Start <= int.MaxValue);
        _open.Close(unixTimeMs);
        batch = new JournalBatch(_open);
        _open = _objects.RentBatch();
        _isBatchOpen = false;
        return true;
    }

    private void MakeRoom(int recordBytes)
    {
        if (!_isBatchOpen)
        {
            OpenBatch();
        }
        while (_room < recordBytes)
        {
            NextBlock();
        }
    }

    private void OpenBatch()
    {
        if (_room == 0)
        {
            NextBlock();
        }
        Checks.Require(_room >= BatchHeader.Bytes);
        _open.Open(_tail);
        _pieceStart = _tail;
        _isBatchOpen = true;
        Advance(BatchHeader.Bytes); // filled in by the commit
    }

    // Whatever can fail comes first, so that a full device leaves the appender as it was.
    private void NextBlock()
    {
        long start = _tail + _room;
        JournalFile file = _files.Tail;
        if (start == file.End)
        {
            file = _files.Roll(start, own: null);
        }
        PadTo(start);
        int bytes = (int)Math.Min(JournalFormat.BlockBytes, file.End - start);
        EndPiece();
        Activate(NewBlock(_memory.Rent(bytes), 0, start, bytes, 0, isLoaded: false), file);
    }

    private void Activate(JournalBlock block, JournalFile file)
    {
        Checks.Require(block.Base == _tail);
        _residency.AddAppended(block, file);
        _active = block;
        _pieceStart = _tail;
        _room = block.Bytes;
    }

    // Ends the active block at a granule, so that a block of its own can follow in the address space.
    private PinnedMemory? CutActive(long end, out int restOffset)
    {
        PadTo(end);
        EndPiece();
        restOffset = 0;
        if (_room == 0)
        {
            return null;
        }
        JournalBlock active = _active!;
        active.Memory.Retain();
        restOffset = active.OffsetOf(end);
        _residency.Cut(active, end);
        return active.Memory;
    }

    // The rest of a cut block's memory goes on serving, at the positions behind the block that cut it.
    private void ContinueIn(PinnedMemory? rest, int restOffset, JournalFile file)
    {
        EndPiece();
        _active = null;
        if (rest is null)
        {
            return;
        }
        int bytes = (int)Math.Min(rest.Array.Length - restOffset, file.End - _tail);
        if (bytes < JournalFormat.GranuleBytes)
        {
            rest.Release();
            return;
        }
        Activate(NewBlock(rest, restOffset, _tail, bytes, 0, isLoaded: false), file);
    }

    private JournalBlock NewBlock(
        PinnedMemory memory, int offset, long position, int bytes, int payloadBytes, bool isLoaded)
    {
        JournalBlock block = _objects.RentBlock(out bool isReused);
        block.Assign(memory, offset, position, bytes, payloadBytes, isLoaded);
        if (isReused)
        {
            block.Reuse();
        }
        return block;
    }

    private Span<byte> Place(byte type, int payloadBytes, int recordBytes)
    {
        Span<byte> record = _active!.Span(_tail, recordBytes);
        record[(RecordHeader.Bytes + payloadBytes)..].Clear();
        RecordHeader.Write(record, type, payloadBytes, _options.Epoch);
        Advance(recordBytes);
        return record.Slice(RecordHeader.Bytes, payloadBytes);
    }

    private void PadTo(long end)
    {
        int bytes = (int)(end - _tail);
        if (bytes > 0)
        {
            int payloadBytes = bytes - RecordHeader.Bytes;
            Place(JournalFormat.PadType, payloadBytes, bytes).Clear();
        }
    }

    private void Advance(int bytes)
    {
        Checks.Require(bytes <= _room);
        _room -= bytes;
        Volatile.Write(ref _tail, _tail + bytes);
    }

    private void EndPiece()
    {
        if (_active is not null && _tail > _pieceStart)
        {
            _open.Add(_active, _pieceStart, _tail);
            _pieceStart = _tail;
        }
    }
}
