using System.Runtime.InteropServices;
using Posthaste.Broker.Publishing;

namespace Posthaste.Broker.Sessions;

/// <summary>Consecutive messages with one fate.</summary>
/// <param name="First">Number of the first.</param>
/// <param name="Last">Number of the last, which may be the first.</param>
/// <param name="Accepted">False when they were refused: a full queue, a failed journal.</param>
public readonly record struct ConfirmRun(ulong First, ulong Last, bool Accepted);

/// <summary>
/// The publisher confirms of one channel or session. Messages are numbered from 1; they may be handled out of order (a
/// transient one overtakes a durable one that is being synced) but are confirmed in order, in runs of all that piled up
/// since the last flush. A protocol says what a run looks like on its wire.
/// </summary>
/// <remarks>The numbering is the reader's alone; everything else is guarded by the output's gate.</remarks>
public abstract class ConfirmWindow(SessionOutput output) : PublishSource
{
    private readonly List<ConfirmRun> _unsent = [];
    private readonly List<ConfirmRun> _ahead = [];
    private ulong _handledThrough;
    private bool _isListed;
    private bool _isClosed;

    /// <summary>The number of the message published last.</summary>
    public ulong LastSeq { get; private set; }

    /// <summary>Messages that were accepted. Counted under the gate, read by anybody.</summary>
    public long ConfirmedCount { get; private set; }

    /// <summary>Numbers one more message.</summary>
    public ulong Next() => ++LastSeq;

    /// <summary>Messages whose fate is not known yet.</summary>
    public long UnconfirmedCount => Math.Max(0, (long)(LastSeq - _handledThrough));

    /// <summary>Messages that went nowhere are handled at once. Not under the gate.</summary>
    public void Report(ulong firstSeq, ulong lastSeq, bool accepted, FlushSet flushes) =>
        Handled(firstSeq, lastSeq, accepted, flushes);

    /// <summary>Nothing is confirmed any more: the channel or session ends.</summary>
    public void Close()
    {
        lock (output.Gate)
            _isClosed = true;
    }

    protected internal override void Handled(ulong firstSeq, ulong lastSeq, bool accepted, FlushSet flushes)
    {
        lock (output.Gate)
        {
            if (_isClosed)
                return;
            if (accepted)
                ConfirmedCount += (long)(lastSeq - firstSeq) + 1;
            Note(new ConfirmRun(firstSeq, lastSeq, accepted));
            if (!_isListed && _unsent.Count > 0)
            {
                _isListed = true;
                output.AddUnsent(this);
            }
        }

        flushes.Add(output);
    }

    /// <summary>
    /// Writes the runs, which follow each other without gaps; once per flush, under the gate. False if something has to
    /// be written before them that is not ready: then nothing was written, and they come again at the next flush.
    /// </summary>
    protected abstract bool TryWrite(ReadOnlySpan<ConfirmRun> runs);

    internal bool TryWrite()
    {
        if (!TryWrite(CollectionsMarshal.AsSpan(_unsent)))
            return false;
        _unsent.Clear();
        _isListed = false;
        return true;
    }

    private void Note(ConfirmRun run)
    {
        if (run.First != _handledThrough + 1)
        {
            NoteAhead(run);
            return;
        }

        Extend(run);
        var joined = 0;
        while (joined < _ahead.Count && _ahead[joined].First == _handledThrough + 1)
            Extend(_ahead[joined++]);
        if (joined > 0)
            _ahead.RemoveRange(0, joined);
    }

    private void NoteAhead(ConfirmRun run)
    {
        var at = _ahead.Count;
        while (at > 0 && _ahead[at - 1].First > run.First)
            at--;
        if (at > 0 && _ahead[at - 1].Last + 1 == run.First && _ahead[at - 1].Accepted == run.Accepted)
            _ahead[at - 1] = _ahead[at - 1] with { Last = run.Last };
        else
            _ahead.Insert(at, run);
    }

    private void Extend(ConfirmRun run)
    {
        _handledThrough = run.Last;
        if (_unsent.Count > 0 && _unsent[^1].Accepted == run.Accepted)
            _unsent[^1] = _unsent[^1] with { Last = run.Last };
        else
            _unsent.Add(run);
    }
}
