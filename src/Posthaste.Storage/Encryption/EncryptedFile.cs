using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Encryption;

/// <summary>
/// A file whose bytes are encrypted below, each at its place behind the header. What begins or ends within a block of
/// 16 bytes is merged with what stands there; sectors are atomic and hold whole blocks, so a crash shows the block as
/// it was or as it is to be.
/// </summary>
/// <remarks>
/// Reading a block beside a write that touches it may give neither. So writers begin where a block does: the journal's
/// records and the segments' blocks are multiples of 16 long, and snapshots are read when they are finished.
/// </remarks>
internal sealed class EncryptedFile(IStorageFile below, ulong number, CipherPool pool) : IStorageFile
{
    private const int BlockBytes = XtsCipher.BlockBytes;

    public long LengthBytes => Math.Max(0, below.LengthBytes - EncryptedFileHeader.PageBytes);

    public void Write(long offset, ReadOnlySpan<ReadOnlyMemory<byte>> buffers)
    {
        foreach (var buffer in buffers)
        {
            Write(offset, buffer.Span);
            offset += buffer.Length;
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        var worker = pool.Rent();
        try
        {
            var length = LengthBytes;
            if (offset > length && length % BlockBytes != 0) CompleteTail(worker, length, offset);
            for (var at = 0; at < bytes.Length;)
            {
                var inBlock = (int)((offset + at) % BlockBytes);
                var count = Math.Min(bytes.Length - at, XtsCipher.ChunkBytes - inBlock);
                WriteChunk(worker, offset + at, bytes.Slice(at, count));
                at += count;
            }
        }
        finally
        {
            pool.Return(worker);
        }
    }

    public void Sync() => below.Sync();

    public int Read(long offset, Span<byte> bytes)
    {
        var worker = pool.Rent();
        try
        {
            var total = (int)Math.Clamp(LengthBytes - offset, 0, bytes.Length);
            for (var at = 0; at < total;)
            {
                var inBlock = (int)((offset + at) % BlockBytes);
                var count = Math.Min(total - at, XtsCipher.ChunkBytes - inBlock);
                var read = ReadChunk(worker, offset + at, bytes.Slice(at, count));
                at += read;
                if (read < count) return at;
            }
            return total;
        }
        finally
        {
            pool.Return(worker);
        }
    }

    public void Dispose() => below.Dispose();

    /// <summary>The rest of a tail's block becomes the zeros that the growing file has there.</summary>
    private void CompleteTail(CipherPool.Worker worker, long length, long until)
    {
        Span<byte> zeros = stackalloc byte[BlockBytes];
        zeros.Clear();
        var count = Math.Min(BlockBytes - (length % BlockBytes), until - length);
        WriteChunk(worker, length, zeros[..(int)count]);
    }

    // From within a block into one, at most a chunk with what stands before and behind.
    private void WriteChunk(CipherPool.Worker worker, long offset, ReadOnlySpan<byte> bytes)
    {
        var before = (int)(offset % BlockBytes);
        var start = offset - before;
        var end = before + bytes.Length;
        if (before == 0 && end % BlockBytes == 0)
        {
            Put(worker, start, bytes);
            return;
        }
        var plain = worker.Plain;
        Span<byte> standing = stackalloc byte[BlockBytes];
        if (before > 0)
        {
            ReadBlock(worker, start, standing);
            standing[..before].CopyTo(plain);
        }
        var after = 0;
        if (end % BlockBytes is var within and > 0)
        {
            var count = ReadBlock(worker, start + end - within, standing);
            after = Math.Max(0, count - within);
            standing.Slice(within, after).CopyTo(plain.AsSpan(end));
        }
        bytes.CopyTo(plain.AsSpan(before));
        Put(worker, start, plain.AsSpan(0, end + after));
    }

    private void Put(CipherPool.Worker worker, long start, ReadOnlySpan<byte> plain)
    {
        var encrypted = worker.Encrypted.AsSpan(0, plain.Length);
        worker.Cipher.Encrypt(number, start, plain, encrypted);
        below.Write(EncryptedFileHeader.PageBytes + start, encrypted);
    }

    /// <summary>What there is of a block: less than 16 bytes at the end of the file.</summary>
    private int ReadBlock(CipherPool.Worker worker, long start, Span<byte> block)
    {
        var encrypted = worker.Encrypted.AsSpan(0, BlockBytes);
        var count = below.Read(EncryptedFileHeader.PageBytes + start, encrypted);
        worker.Cipher.Decrypt(number, start, encrypted[..count], block);
        return count;
    }

    private int ReadChunk(CipherPool.Worker worker, long offset, Span<byte> bytes)
    {
        var before = (int)(offset % BlockBytes);
        var start = offset - before;
        var wanted = (before + bytes.Length + BlockBytes - 1) & ~(BlockBytes - 1);
        var encrypted = worker.Encrypted.AsSpan(0, wanted);
        var count = below.Read(EncryptedFileHeader.PageBytes + start, encrypted);
        if (before == 0 && count <= bytes.Length)
        {
            worker.Cipher.Decrypt(number, start, encrypted[..count], bytes);
            return count;
        }
        worker.Cipher.Decrypt(number, start, encrypted[..count], worker.Plain);
        var read = Math.Clamp(count - before, 0, bytes.Length);
        worker.Plain.AsSpan(before, read).CopyTo(bytes);
        return read;
    }
}
