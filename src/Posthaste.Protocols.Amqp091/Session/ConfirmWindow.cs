using Posthaste.Broker;
using Posthaste.Broker.Publishing;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// The publisher confirms of one channel. Messages are numbered from 1; they may be handled out of order (a transient
/// one overtakes a durable one that is being synced) but are confirmed in order, so that one `multiple` answers all
/// that piled up since the last flush.
/// </summary>
internal sealed class ConfirmWindow : PublishSource
{
    private readonly AmqpOutput _output;
    private readonly ReplyQueue _replies;
    private readonly ushort _channel;

    // Guarded by the output's gate.
    private readonly List<Run> _unsent = [];
    private readonly List<Run> _ahead = [];
    private ulong _handledThrough;
    private bool _isListed;
    private bool _isClosed;

    public ConfirmWindow(AmqpOutput output, ReplyQueue replies, ushort channel)
    {
        _output = output;
        _replies = replies;
        _channel = channel;
    }

    /// <summary>The number of the message published last; the reader's alone.</summary>
    public ulong LastSeq { get; private set; }

    /// <summary>Numbers one more message.</summary>
    public ulong Next() => ++LastSeq;

    /// <summary>Messages that went nowhere are handled at once.</summary>
    public void Report(ulong firstSeq, ulong lastSeq, bool accepted, FlushSet flushes) =>
        Handled(firstSeq, lastSeq, accepted, flushes);

    /// <summary>Nothing is confirmed any more: the channel closes.</summary>
    public void Close()
    {
        lock (_output.Gate)
            _isClosed = true;
    }

    protected override void Handled(ulong firstSeq, ulong lastSeq, bool accepted, FlushSet flushes)
    {
        lock (_output.Gate)
        {
            if (_isClosed)
                return;
            Note(new Run(firstSeq, lastSeq, accepted));
            if (!_isListed && _unsent.Count > 0)
            {
                _isListed = true;
                _output.AddUnsent(this);
            }
        }

        flushes.Add(_output);
    }

    /// <summary>
    /// Writes what is due; called by the output while it flushes, under its gate. False if replies that have to come
    /// first are still waiting, and the window stays listed.
    /// </summary>
    internal bool TryWrite()
    {
        if (!_replies.IsEmpty)
            return false;
        foreach (var run in _unsent)
        {
            if (run.Accepted)
                _output.WriteMethod(_channel, new BasicAck { DeliveryTag = run.Last, Multiple = run.Last > run.First });
            else
                _output.WriteMethod(
                    _channel, new BasicNack { DeliveryTag = run.Last, Multiple = run.Last > run.First });
        }

        _unsent.Clear();
        _isListed = false;
        return true;
    }

    private void Note(Run run)
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

    private void NoteAhead(Run run)
    {
        var at = _ahead.Count;
        while (at > 0 && _ahead[at - 1].First > run.First)
            at--;
        if (at > 0 && _ahead[at - 1].Last + 1 == run.First && _ahead[at - 1].Accepted == run.Accepted)
            _ahead[at - 1] = _ahead[at - 1] with { Last = run.Last };
        else
            _ahead.Insert(at, run);
    }

    private void Extend(Run run)
    {
        _handledThrough = run.Last;
        if (_unsent.Count > 0 && _unsent[^1].Accepted == run.Accepted)
            _unsent[^1] = _unsent[^1] with { Last = run.Last };
        else
            _unsent.Add(run);
    }

    private readonly record struct Run(ulong First, ulong Last, bool Accepted);
}
