namespace Posthaste.Storage.Journaling;

/// <summary>
/// Reuses the small objects behind blocks and batches, so that steady work allocates nothing. Any thread.
/// </summary>
internal sealed class JournalObjects(Journal journal)
{
    private const int IdleMax = 256;

    private readonly Lock _lock = new();
    private readonly Stack<JournalBlock> _blocks = new();
    private readonly Stack<SealedBatch> _batches = new();

    /// <summary>
    /// Takes a block object; the caller assigns it and calls <see cref="JournalBlock.Reuse"/> if told to.
    /// </summary>
    public JournalBlock RentBlock(out bool isReused)
    {
        lock (_lock)
        {
            isReused = _blocks.TryPop(out JournalBlock? block);
            return block ?? new JournalBlock(journal);
        }
    }

    public SealedBatch RentBatch()
    {
        lock (_lock)
        {
            return _batches.TryPop(out SealedBatch? batch) ? batch : new SealedBatch();
        }
    }

    public void Return(JournalBlock block)
    {
        lock (_lock)
        {
            if (_blocks.Count < IdleMax)
            {
                _blocks.Push(block);
            }
        }
    }

    public void Return(SealedBatch batch)
    {
        lock (_lock)
        {
            _batches.Push(batch);
        }
    }
}
