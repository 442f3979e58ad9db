using System.Runtime.InteropServices;

namespace Posthaste.CrashLoop.Ledger;

/// <summary>What became of a message in a queue, as far as clients know.</summary>
[Flags]
internal enum Fate : byte
{
    None = 0,

    /// <summary>It was delivered.</summary>
    Seen = 1,

    /// <summary>An acknowledgement or rejection may have reached the broker.</summary>
    Settled = 2,

    /// <summary>It was acknowledged in a transaction that the broker said is committed.</summary>
    SettledForGood = 4,
}

/// <summary>
/// What one channel of one life was delivered without the redelivered flag: the last sequence per stream.
/// </summary>
internal sealed class ConsumerView
{
    public Dictionary<(int Stream, int Priority), long> LastUnmarked { get; } = [];
}

/// <summary>What clients saw of one queue, over all lives of the broker. Any thread.</summary>
internal sealed class QueueLedger(QueueSpec spec, LoopLedger loop)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, List<Fate>> _fates = [];
    private readonly Dictionary<(int Stream, int Priority), long> _lastFirst = [];
    private readonly Dictionary<(int Stream, long Sequence), uint> _attempts = [];
    private long _unseenMarkedCount;
    private long _unseenMarkedMax = long.MaxValue;

    public QueueSpec Spec => spec;

    /// <summary>
    /// How many messages may carry the flag although no client got them: those in flight at the stops so far. Not
    /// bounded after a crash, where the broker marks what it may have delivered.
    /// </summary>
    public void BoundUnseenMarked(long count)
    {
        lock (_lock)
            _unseenMarkedMax = count;
    }

    public Fate FateOf(int stream, long sequence)
    {
        lock (_lock)
        {
            return _fates.TryGetValue(stream, out var fates) && sequence < fates.Count
                ? fates[(int)sequence]
                : Fate.None;
        }
    }

    public void Settle(Payload message, Fate how)
    {
        lock (_lock)
            FateRef(message) |= how;
    }

    /// <summary>Checks and notes a delivery.</summary>
    public void Observe(Payload message, bool redelivered, ConsumerView view)
    {
        if (loop.WhyImpossible(message, this) is { } reason)
        {
            loop.Violations.Add(Promise.NothingIsInvented, Text(message, reason));
            return;
        }
        StreamLedger stream = loop.StreamOf(message);
        int priority = stream.Flow.PriorityOf(message.Sequence);
        lock (_lock)
        {
            ref Fate fate = ref FateRef(message);
            bool isFirst = (fate & Fate.Seen) == 0;
            if ((fate & Fate.SettledForGood) != 0)
                loop.Violations.Add(Promise.CommittedIsGone, Text(message, "came back after its commit"));
            bool isUnmarked = !redelivered && !stream.IsRepeated(message.Sequence);
            if (!isFirst && isUnmarked)
                loop.Violations.Add(Promise.DuplicatesAreMarked, Text(message, "came again without the flag"));
            CheckAttempt(message);
            if (isFirst && redelivered && ++_unseenMarkedCount > _unseenMarkedMax)
            {
                loop.Violations.Add(Promise.MarksAreHonest, Text(message,
                    $"is the {_unseenMarkedCount}. with the flag that nobody got; in flight: {_unseenMarkedMax}"));
            }
            if (spec.KeepsOrder)
                CheckOrder(message, priority, isFirst, isUnmarked, view);
            if (isFirst && stream.Flow.Route(message.Sequence).Queues[0] == spec)
                stream.CountSeen(1);
            fate |= Fate.Seen;
        }
    }

    /// <remarks>
    /// Two rules. A consumer gets unmarked messages in order, because none of them was ever returned; one that its
    /// producer sent twice may come twice, the second time as late as it was sent. And where a queue
    /// has a single consumer, what it got is always the beginning of what was delivered, so that over all lives no
    /// message is seen for the first time after a later one.
    /// </remarks>
    private void CheckOrder(Payload message, int priority, bool isFirst, bool isUnmarked, ConsumerView view)
    {
        var key = (message.Stream, priority);
        if (isUnmarked)
        {
            long last = view.LastUnmarked.GetValueOrDefault(key, -1);
            if (message.Sequence <= last)
                loop.Violations.Add(Promise.OrderIsKept, Text(message, $"came unmarked after {last}"));
            view.LastUnmarked[key] = Math.Max(last, message.Sequence);
        }
        if (isFirst && spec.ConsumerCount == 1)
        {
            long last = _lastFirst.GetValueOrDefault(key, -1);
            if (message.Sequence < last)
                loop.Violations.Add(Promise.OrderIsKept, Text(message, $"was first seen after {last}"));
            _lastFirst[key] = Math.Max(last, message.Sequence);
        }
    }

    /// <summary>
    /// Two copies of different forwards mean that one transaction kept its publish and lost its acknowledgement.
    /// </summary>
    private void CheckAttempt(Payload message)
    {
        if (message.Attempt == 0)
            return;
        ref uint attempt = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _attempts, (message.Stream, message.Sequence), out bool isKnown);
        if (isKnown && attempt != message.Attempt)
        {
            loop.Violations.Add(Promise.AllOrNothing,
                Text(message, $"was forwarded by attempts {attempt} and {message.Attempt}"));
        }
        attempt = message.Attempt;
    }

    private ref Fate FateRef(Payload message)
    {
        ref List<Fate>? fates = ref CollectionsMarshal.GetValueRefOrAddDefault(_fates, message.Stream, out _);
        fates ??= [];
        if (message.Sequence >= fates.Count)
            CollectionsMarshal.SetCount(fates, (int)message.Sequence + 1);
        return ref CollectionsMarshal.AsSpan(fates)[(int)message.Sequence];
    }

    private string Text(Payload message, string what) =>
        $"{spec.Name}: message {message.Sequence} of stream {message.Stream} {what}";
}
