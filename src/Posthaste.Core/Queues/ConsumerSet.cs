using Posthaste.Primitives;

namespace Posthaste.Core.Queues;

/// <summary>Why a queue does not take a consumer.</summary>
public enum ConsumerRefusal
{
    None = 0,

    /// <summary>An exclusive consumer is on the queue.</summary>
    ExclusiveInUse,

    /// <summary>The new consumer wants the queue for itself, but there are others.</summary>
    InUse,

    /// <summary>A queue with a single active consumer takes no exclusive ones.</summary>
    ExclusiveWithSingleActive,

    /// <summary>The queue is gone.</summary>
    QueueDeleted,
}

/// <summary>
/// Who is served next: the highest priority that has somebody with room, and within a priority each in turn. Those that
/// can be served wait in one ring per priority, so choosing costs the same however many consumers are attached and
/// full.
/// </summary>
internal sealed class ConsumerSet(bool isSingleActive)
{
    private readonly List<QueueConsumer> _attached = [];

    // By descending priority; a ring lives while a consumer of its priority is attached.
    private readonly List<ConsumerRing> _rings = [];

    public int Count => _attached.Count;

    public IReadOnlyList<QueueConsumer> Attached => _attached;

    /// <summary>With single active consumer, the one that is; else null.</summary>
    public QueueConsumer? Active { get; private set; }

    public ConsumerRefusal Add(QueueConsumer consumer)
    {
        Checks.Require(!consumer.IsAttached);
        if (consumer.Exclusive && isSingleActive)
        {
            return ConsumerRefusal.ExclusiveWithSingleActive;
        }

        if (_attached.Count > 0 && (consumer.Exclusive || _attached[0].Exclusive))
        {
            return _attached[0].Exclusive ? ConsumerRefusal.ExclusiveInUse : ConsumerRefusal.InUse;
        }

        _attached.Add(consumer);
        consumer.Ring = RingOf(consumer.Priority);
        consumer.Ring.AttachedCount++;
        consumer.IsFull = false;
        if (isSingleActive)
        {
            Active ??= consumer;
        }

        consumer.IsActive = !isSingleActive || Active == consumer;
        Refresh(consumer);
        return ConsumerRefusal.None;
    }

    /// <summary>
    /// Detaches; with single active consumer the highest priority takes over, the longest attached among equals.
    /// </summary>
    public void Remove(QueueConsumer consumer)
    {
        Checks.Require(consumer.Ring != null && _attached.Remove(consumer));
        consumer.IsActive = false;
        Refresh(consumer);
        if (--consumer.Ring.AttachedCount == 0)
        {
            _rings.Remove(consumer.Ring);
        }

        consumer.Ring = null;
        if (Active != consumer)
        {
            return;
        }

        Active = null;
        foreach (var candidate in _attached)
        {
            if (Active == null || candidate.Priority > Active.Priority)
            {
                Active = candidate;
            }
        }

        if (Active != null)
        {
            Active.IsActive = true;
            Refresh(Active);
        }
    }

    /// <summary>Whose turn it is, or null when nobody has room. The turn ends with <see cref="Served"/>.</summary>
    public QueueConsumer? Next()
    {
        foreach (var ring in _rings)
        {
            if (ring.Head != null)
            {
                return ring.Head;
            }
        }

        return null;
    }

    /// <summary>The consumer got a message: the next of its priority has the turn.</summary>
    public static void Served(QueueConsumer consumer)
    {
        Checks.Require(consumer.Ring != null);
        consumer.Ring.Head = consumer.Next;
        Refresh(consumer);
    }

    /// <summary>A consumer that was full, or detached since, has room again.</summary>
    public void Resume(QueueConsumer consumer)
    {
        Checks.Require(consumer.Ring == null || consumer.Ring.Owner == this);
        consumer.IsFull = false;
        Refresh(consumer);
    }

    /// <summary>Room may have come or gone: joins the end of its ring or leaves it.</summary>
    public static void Refresh(QueueConsumer consumer)
    {
        if (consumer.Ring == null || consumer.HasRoom == consumer.IsWaiting)
        {
            return;
        }

        if (consumer.IsWaiting)
        {
            consumer.Ring.Leave(consumer);
        }
        else
        {
            consumer.Ring.Join(consumer);
        }
    }

    private ConsumerRing RingOf(int priority)
    {
        var index = 0;
        while (index < _rings.Count && _rings[index].Priority > priority)
        {
            index++;
        }

        if (index == _rings.Count || _rings[index].Priority != priority)
        {
            _rings.Insert(index, new ConsumerRing(this, priority));
        }

        return _rings[index];
    }
}

/// <summary>The consumers of one priority that can be served, in a circle; the head is next.</summary>
internal sealed class ConsumerRing(ConsumerSet owner, int priority)
{
    public ConsumerSet Owner { get; } = owner;

    public int Priority { get; } = priority;

    /// <summary>Consumers of this priority, waiting or not.</summary>
    public int AttachedCount { get; set; }

    public QueueConsumer? Head { get; set; }

    /// <summary>Behind all others: just before the head.</summary>
    public void Join(QueueConsumer consumer)
    {
        if (Head == null)
        {
            Head = consumer.Next = consumer.Previous = consumer;
            return;
        }

        var last = Head.Previous!;
        (consumer.Previous, consumer.Next) = (last, Head);
        last.Next = Head.Previous = consumer;
    }

    public void Leave(QueueConsumer consumer)
    {
        if (consumer.Next == consumer)
        {
            Head = null;
        }
        else
        {
            consumer.Previous!.Next = consumer.Next;
            consumer.Next!.Previous = consumer.Previous;
            Head = Head == consumer ? consumer.Next : Head;
        }

        consumer.Next = consumer.Previous = null;
    }
}
