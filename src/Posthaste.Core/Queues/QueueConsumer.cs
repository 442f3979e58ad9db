namespace Posthaste.Core.Queues;

/// <summary>
/// A subscription to one queue, as the queue sees it. The protocol session derives its own from this and finds its
/// state by casting in <see cref="IQueueOffers.Offer"/>. Fields marked strand-only belong to the queue's strand.
/// </summary>
public abstract class QueueConsumer
{
    /// <summary>Most unacknowledged messages at a time; 0 for no limit. Fixed when the consumer is added.</summary>
    public ushort PrefetchMax { get; init; }

    /// <summary>Messages count as settled once handed over.</summary>
    public bool NoAck { get; init; }

    /// <summary>`x-priority`: higher ones are served first while they have room. Default 0.</summary>
    public int Priority { get; init; }

    /// <summary>No other consumer may be on the queue.</summary>
    public bool Exclusive { get; init; }

    /// <summary>Strand-only: deliveries not yet settled or returned.</summary>
    public int UnackedCount { get; internal set; }

    /// <summary>Strand-only: refused the last offer and has not resumed.</summary>
    public bool IsFull { get; internal set; }

    /// <summary>Strand-only: with single active consumer, whether this is it; else true while attached.</summary>
    public bool IsActive { get; internal set; }

    /// <summary>
    /// The ring of its priority while attached; the neighbours there while it has room and may be served.
    /// </summary>
    internal ConsumerRing? Ring { get; set; }

    internal QueueConsumer? Next { get; set; }

    internal QueueConsumer? Previous { get; set; }

    internal bool IsAttached => Ring != null;

    internal bool IsWaiting => Next != null;

    internal bool HasRoom => IsActive && !IsFull && (PrefetchMax == 0 || UnackedCount < PrefetchMax);
}
