namespace Posthaste.Storage.Journaling;

/// <summary>
/// Which blocks stay in memory. Appended ones leave in the order of their positions once they are durable and over
/// budget; loaded ones, on a budget of their own, by second chance: a block that a reader used since the clock hand
/// last passed gets another round. The table holds one reference to each. Any thread.
/// </summary>
internal sealed class BlockResidency(long appendedBytesMax, long loadedBytesMax)
{
    private readonly Lock _lock = new();
    private readonly Queue<JournalBlock> _appended = new();
    private readonly Queue<JournalBlock> _loaded = new();
    private long _appendedBytes;
    private long _loadedBytes;

    public long Bytes => Interlocked.Read(ref _appendedBytes) + Interlocked.Read(ref _loadedBytes);

    /// <summary>Takes over one reference.</summary>
    public void AddAppended(JournalBlock block, JournalFile file)
    {
        lock (_lock)
        {
            block.File = file;
            file.Publish(block, replace: true);
            _appended.Enqueue(block);
            _appendedBytes += block.Bytes;
        }
    }

    /// <summary>Takes over one reference.</summary>
    public void AddLoaded(JournalBlock block, JournalFile file)
    {
        lock (_lock)
        {
            block.File = file;
            // Where an appended block is, it is the better one: it also has what was appended since.
            file.Publish(block, replace: false);
            _loaded.Enqueue(block);
            _loadedBytes += block.HeldBytes;
            while (_loadedBytes > loadedBytesMax && _loaded.Count > 1)
            {
                JournalBlock oldest = _loaded.Dequeue();
                if (oldest.WasUsed)
                {
                    oldest.WasUsed = false;
                    _loaded.Enqueue(oldest);
                }
                else
                {
                    Evict(oldest, ref _loadedBytes);
                }
            }
        }
    }

    /// <summary>Ends an appended block early.</summary>
    public void Cut(JournalBlock block, long end)
    {
        lock (_lock)
        {
            block.File!.Unpublish(block, end, block.End);
            _appendedBytes -= block.End - end;
            block.CutAt(end);
        }
    }

    /// <summary>Evicts appended blocks over budget that are durable throughout.</summary>
    public void Trim(long durablePosition)
    {
        lock (_lock)
        {
            while (_appendedBytes > appendedBytesMax && _appended.TryPeek(out JournalBlock? oldest)
                && oldest.End <= durablePosition)
            {
                Evict(_appended.Dequeue(), ref _appendedBytes);
            }
        }
    }

    /// <summary>
    /// Lets go of every block before a position, because its file is about to be used for something else.
    /// </summary>
    public void DropBefore(long position)
    {
        lock (_lock)
        {
            while (_appended.TryPeek(out JournalBlock? oldest) && oldest.End <= position)
            {
                Evict(_appended.Dequeue(), ref _appendedBytes);
            }
            for (int left = _loaded.Count; left > 0; left--)
            {
                JournalBlock block = _loaded.Dequeue();
                if (block.End <= position)
                {
                    Evict(block, ref _loadedBytes);
                }
                else
                {
                    _loaded.Enqueue(block);
                }
            }
        }
    }

    private static void Evict(JournalBlock block, ref long bytes)
    {
        bytes -= block.HeldBytes;
        block.File!.Unpublish(block, block.Base, block.End);
        block.Release();
    }
}
