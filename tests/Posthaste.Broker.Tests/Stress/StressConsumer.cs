using System.Collections.Concurrent;
using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;
using Posthaste.Primitives;

namespace Posthaste.Broker.Tests.Stress;

/// <summary>
/// A consumer with a thread of its own that settles most of what it is given, in runs, and returns or rejects the
/// rest. Has room for some messages only, so it refuses and resumes all the time.
/// </summary>
internal sealed class StressConsumer : Subscription, IDisposable
{
    private const int RoomMax = 100;

    private readonly StressRun _run;
    private readonly BrokerQueue _queue;
    private readonly QueueAccount _account;
    private readonly SeededRandom _random;
    private readonly BlockingCollection<(EntryId Id, long Message)> _given = [];
    private readonly Thread _thread;
    private int _room = RoomMax;
    private int _wasRefused;

    /// <param name="dead">Where its rejected messages go; null when it rejects none.</param>
    public StressConsumer(StressRun run, BrokerQueue queue, QueueAccount account, QueueAccount? dead, ulong seed)
    {
        (_run, _queue, _account, _random) = (run, queue, account, new SeededRandom(seed));
        DeadTo = dead;
        _thread = new Thread(Run) { Name = $"consumer of {account.Name}" };
    }

    /// <summary>Whether it gives some messages back, to come again.</summary>
    public bool Returns { get; init; }

    /// <summary>Set when the queue has ended the subscription.</summary>
    public bool IsCancelled { get; private set; }

    private QueueAccount? DeadTo { get; }

    /// <summary>Begins; false if the queue is gone already.</summary>
    public bool TryStart()
    {
        var refusal = _queue.Consume(this, FlushSet.ForThisThread);
        if (refusal == ConsumerRefusal.QueueDeleted) return false;
        Checks.Require(refusal == ConsumerRefusal.None);
        _thread.Start();
        return true;
    }

    /// <summary>Leaves the queue and gives back what it has not dealt with; waits for its thread.</summary>
    public void Dispose()
    {
        _queue.Cancel(this, FlushSet.ForThisThread);
        _given.CompleteAdding();
        if (_thread.IsAlive) _thread.Join();
        foreach (var (id, message) in _given)
        {
            _account.Returned(message);
            _queue.Return([id], this, countsAsFailure: false, FlushSet.ForThisThread);
        }

        _given.Dispose();
    }

    protected internal override bool TryReserve()
    {
        if (Interlocked.Decrement(ref _room) >= 0) return true;
        Interlocked.Increment(ref _room);
        Volatile.Write(ref _wasRefused, 1);
        // Room that came back before the mark was seen by nobody.
        return Volatile.Read(ref _room) > 0 && Interlocked.Exchange(ref _wasRefused, 0) == 1 && TryReserve();
    }

    protected internal override void Unreserve() => Interlocked.Increment(ref _room);

    protected internal override void Deliver(in DeliveredMessage message, FlushSet flushes)
    {
        var id = MessageId.Read(message.Message.Body);
        _account.Delivered(id, message.Redelivered);
        _given.Add((message.Id, id));
    }

    protected internal override void Cancelled(SubscriptionEnd reason, FlushSet flushes) => IsCancelled = true;

    private void Run() => _run.Guard(() =>
    {
        var run = new List<(EntryId Id, long Message)>();
        foreach (var given in _given.GetConsumingEnumerable())
        {
            run.Add(given);
            while (run.Count < 20 && _given.TryTake(out var next)) run.Add(next);
            foreach (var (id, message) in run) End(id, message);
            Interlocked.Add(ref _room, run.Count);
            run.Clear();
            if (Interlocked.Exchange(ref _wasRefused, 0) == 1) _queue.Resume(this, FlushSet.ForThisThread);
            FlushSet.ForThisThread.FlushAll();
        }
    });

    private void End(EntryId id, long message)
    {
        var flushes = FlushSet.ForThisThread;
        bool isKnown;
        if (Returns && _random.Chance(0.05))
        {
            _account.Returned(message);
            isKnown = _queue.Return([id], this, countsAsFailure: true, flushes);
        }
        else if (DeadTo is { } dead && _random.Chance(0.05))
        {
            dead.Published(message);
            _account.Settled(message);
            isKnown = _queue.Reject([id], this, flushes);
        }
        else
        {
            _account.Settled(message);
            isKnown = _queue.Settle([id], this, flushes);
        }

        if (!isKnown) _run.Findings.Enqueue($"{_account.Name}: an entry that was delivered is not out");
    }
}
