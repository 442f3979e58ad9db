using Posthaste.Storage.Journaling;

namespace Posthaste.Broker.Pipeline;

/// <summary>What is committed and applied together. Reused.</summary>
internal sealed class PipelineBatch
{
    /// <summary>
    /// Entries that a spare batch may keep room for: what a second of full load needs; larger ones go to the garbage
    /// collector.
    /// </summary>
    private const int KeptEntriesMax = 16_384;

    private PipelineEntry[] _entries = new PipelineEntry[64];
    private int _count;

    public JournalBatch Journal;
    public bool HasJournalBatch;

    /// <summary>Ticket of the last entry in the batch.</summary>
    public long LastTicket;

    /// <summary>When it had been written and synced, as <see cref="System.Diagnostics.Stopwatch"/> counts.</summary>
    public long DurableAt;

    public bool IsEmpty => _count == 0 && !HasJournalBatch;

    public Span<PipelineEntry> Entries => _entries.AsSpan(0, _count);

    public bool IsWorthKeeping => _entries.Length <= KeptEntriesMax;

    public ref PipelineEntry Add()
    {
        if (_count == _entries.Length) Array.Resize(ref _entries, _count * 2);
        return ref _entries[_count++];
    }

    public void Clear()
    {
        Entries.Clear();
        _count = 0;
        Journal = default;
        HasJournalBatch = false;
    }
}
