namespace Posthaste.CrashLoop.Ledger;

/// <summary>
/// Everything that clients know over all lives of a broker: the judge of what it may do next, and of what it did.
/// </summary>
internal sealed class LoopLedger
{
    private readonly Lock _lock = new();
    private readonly List<StreamLedger> _streams = [];
    private readonly Dictionary<string, QueueLedger> _queues;
    private long _confirmedCount;
    private long _committedCount;
    private long _deliveredCount;
    private long _redeliveredCount;
    private int _lastAttempt;

    public LoopLedger() =>
        _queues = Topology.Queues.ToDictionary(spec => spec.Name, spec => new QueueLedger(spec, this));

    public Violations Violations { get; } = new();

    public RetainedLedger Retained { get; } = new();

    public long ConfirmedCount => Interlocked.Read(ref _confirmedCount);

    public long CommittedCount => Interlocked.Read(ref _committedCount);

    public long DeliveredCount => Interlocked.Read(ref _deliveredCount);

    public long RedeliveredCount => Interlocked.Read(ref _redeliveredCount);

    public IEnumerable<QueueLedger> Queues => _queues.Values;

    public QueueLedger this[QueueSpec spec] => _queues[spec.Name];

    public StreamLedger OpenStream(Flow flow)
    {
        lock (_lock)
        {
            _streams.Add(new StreamLedger(_streams.Count, flow));
            return _streams[^1];
        }
    }

    public uint NextAttempt() => (uint)Interlocked.Increment(ref _lastAttempt);

    public void CountConfirm() => Interlocked.Increment(ref _confirmedCount);

    public void CountCommit() => Interlocked.Increment(ref _committedCount);

    public void CountDelivery(bool redelivered)
    {
        Interlocked.Increment(ref _deliveredCount);
        if (redelivered)
            Interlocked.Increment(ref _redeliveredCount);
    }

    public StreamLedger StreamOf(Payload message)
    {
        lock (_lock)
            return _streams[message.Stream];
    }

    /// <summary>Why a queue can't have delivered this message, or null.</summary>
    public string? WhyImpossible(Payload message, QueueLedger queue)
    {
        if (WhyUnsent(message) is { } unsent)
            return unsent;
        StreamLedger stream = StreamOf(message);
        if (stream.IsRolledBack(message.Sequence))
            return "was rolled back";
        if (!QueuesOf(stream, message.Sequence).Contains(queue.Spec))
            return "does not belong there";
        return queue.Spec == Topology.Work && HasSeen(Topology.Dead, message) ? "came back from the dead" : null;
    }

    /// <summary>Checks what a topic retains while nobody publishes.</summary>
    public void CheckRetained(string topic, ReadOnlySpan<byte> body)
    {
        if (!Payload.TryDecode(body, out Payload message))
            Violations.Add(Promise.NothingIsInvented, $"{topic}: {body.Length} retained bytes that nobody published");
        else if (WhyUnsent(message) is { } unsent)
            Violations.Add(Promise.NothingIsInvented, $"{topic}: retained message {message.Sequence} {unsent}");
        else if (StreamOf(message).Flow.Route(message.Sequence).RoutingKey != topic)
            Violations.Add(Promise.NothingIsInvented, $"{topic}: retained message {message.Sequence} is of another");
        else if (Retained.WhyImpossible(topic, message) is { } reason)
            Violations.Add(Promise.ConfirmedIsKept, $"{topic}: retained message {message.Sequence} {reason}");
    }

    /// <summary>Whether all that was promised has been delivered and settled.</summary>
    public bool IsComplete => Unsettled().FirstOrDefault() is null;

    /// <summary>What can be said only when nothing is left in any queue.</summary>
    public void CheckDrained()
    {
        foreach (string text in Unsettled())
            Violations.Add(Promise.ConfirmedIsKept, text);
        foreach (StreamLedger stream in Streams())
            CheckWhole(stream);
    }

    private string? WhyUnsent(Payload message)
    {
        lock (_lock)
        {
            if (message.Stream < 0 || message.Stream >= _streams.Count)
                return "is of no producer";
            return message.Sequence < 0 || message.Sequence >= _streams[message.Stream].SentCount
                ? "was not sent"
                : null;
        }
    }

    private IEnumerable<string> Unsettled()
    {
        foreach (StreamLedger stream in Streams())
        {
            long sentCount = stream.SentCount;
            for (long sequence = 0; sequence < sentCount; sequence++)
            {
                if (!stream.IsPromised(sequence))
                    continue;
                foreach (QueueSpec queue in QueuesOf(stream, sequence))
                {
                    Fate fate = this[queue].FateOf(stream.Id, sequence);
                    if ((fate & Fate.Settled) != 0)
                        continue;
                    yield return $"{queue.Name}: message {sequence} of stream {stream.Id} ({stream.Flow.Name}) "
                        + $"is lost ({fate})";
                }
            }
        }
    }

    /// <summary>Messages of one transaction, and copies of one publish, are there together or not at all.</summary>
    private void CheckWhole(StreamLedger stream)
    {
        int length = Math.Max(1, stream.Flow.TransactionLength);
        for (long first = 0; first < stream.SentCount; first += length)
        {
            // Confirmed and transient messages have rules of their own.
            if (stream.Flow.IsTransient(first))
                continue;
            int seenCount = 0;
            int wholeCount = 0;
            for (long sequence = first; sequence < first + length; sequence++)
            {
                foreach (QueueSpec queue in QueuesOf(stream, sequence))
                {
                    wholeCount++;
                    if ((this[queue].FateOf(stream.Id, sequence) & Fate.Seen) != 0)
                        seenCount++;
                }
            }
            if (seenCount != 0 && seenCount != wholeCount)
            {
                Violations.Add(Promise.AllOrNothing,
                    $"{stream.Flow.Name}: of messages {first} to {first + length - 1} of stream {stream.Id}, "
                    + $"{seenCount} of {wholeCount} copies arrived");
            }
        }
    }

    /// <summary>Where a message has to come by until nothing is left of it.</summary>
    private static QueueSpec[] QueuesOf(StreamLedger stream, long sequence)
    {
        QueueSpec[] routed = stream.Flow.Route(sequence).Queues;
        if (routed[0] == Topology.Work && Topology.IsRejected(sequence))
            return [Topology.Work, Topology.Dead];
        return routed[0] == Topology.Inbox ? [Topology.Inbox, Topology.Outbox] : routed;
    }

    private bool HasSeen(QueueSpec queue, Payload message) =>
        (this[queue].FateOf(message.Stream, message.Sequence) & Fate.Seen) != 0;

    private StreamLedger[] Streams()
    {
        lock (_lock)
            return [.. _streams];
    }
}
