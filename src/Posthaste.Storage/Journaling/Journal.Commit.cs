using Posthaste.Primitives;

namespace Posthaste.Storage.Journaling;

// Committing: one thread at a time, outside of the caller's lock. The appender may fill the same block meanwhile, at
// positions behind the batch.
public sealed partial class Journal
{
    private readonly List<ReadOnlyMemory<byte>> _writes = [];
    private ulong _batchNumber;

    /// <summary>
    /// Makes a batch durable: checksums, one write and one sync for each file it lies in (nearly always one), then
    /// <see cref="DurablePosition"/> moves to its end. Batches are committed in the order in which they were sealed.
    /// </summary>
    /// <exception cref="JournalFailedException">
    /// The device failed, now or before. The journal is read-only from here on; whether the batch survives is open.
    /// </exception>
    public void Commit(JournalBatch batch)
    {
        ThrowIfFailed();
        SealedBatch content = batch.Content;
        Checks.Require(batch.Start == DurablePosition && batch.End == content.End);
        try
        {
            Checksum(content);
            WriteAndSync(content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var failure = new JournalFailedException(
                $"The journal is read-only: writing positions {batch.Start} to {batch.End} failed ({e.Message}). "
                + "Nothing that was confirmed is lost. Check the device, then restart the broker.", e);
            Volatile.Write(ref _failure, failure);
            throw failure;
        }
        _batchNumber++;
        Volatile.Write(ref _durablePosition, batch.End);
        content.Clear();
        _objects.Return(content);
        _residency.Trim(batch.End);
    }

    private void Checksum(SealedBatch content)
    {
        var header = new BatchHeader(
            _batchNumber, content.End - content.Start, DurablePosition, content.UnixTimeMs, _options.Epoch);
        bool isFirst = true;
        foreach (SealedBatch.Piece piece in content.Pieces)
        {
            Span<byte> records = piece.Span;
            long position = piece.Position;
            if (isFirst)
            {
                header.Write(records, position, piece.File.Salt);
                records = records[BatchHeader.Bytes..];
                position += BatchHeader.Bytes;
                isFirst = false;
            }
            while (records.Length > 0)
            {
                int bytes = RecordHeader.BytesWith(RecordHeader.ReadLength(records));
                RecordHeader.SealCrc(records[..bytes], position, piece.File.Salt);
                records = records[bytes..];
                position += bytes;
            }
        }
    }

    private void WriteAndSync(SealedBatch content)
    {
        ReadOnlySpan<SealedBatch.Piece> pieces = content.Pieces;
        while (pieces.Length > 0)
        {
            JournalFile file = pieces[0].File;
            int count = 1;
            while (count < pieces.Length && pieces[count].File == file)
            {
                count++;
            }
            WriteAndSync(file, pieces[..count], content);
            pieces = pieces[count..];
        }
    }

    private void WriteAndSync(JournalFile file, ReadOnlySpan<SealedBatch.Piece> pieces, SealedBatch content)
    {
        if (!file.IsAttached)
        {
            _files.Attach(file, firstBatch: file.Base > content.Start ? content.End : file.Base);
            FileStarted?.Invoke(file.Info);
        }
        _writes.Clear();
        foreach (SealedBatch.Piece piece in pieces)
        {
            _writes.Add(piece.Memory);
        }
        file.Store.File.Write(
            file.OffsetOf(pieces[0].Position), System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_writes));
        file.Store.File.Sync();
    }
}
