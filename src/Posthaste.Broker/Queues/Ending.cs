using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>How a delivery ends that is not acknowledged.</summary>
internal enum Ending
{
    Return,

    /// <summary>Returned, and it counts against the delivery limit.</summary>
    ReturnFailed,

    Reject,
}

/// <summary>What becomes of an entry whose delivery ends.</summary>
internal enum EntryFate
{
    /// <summary>It is not out any more.</summary>
    Gone,

    ComesBack,

    /// <summary>It has died, and there is no dead-letter exchange.</summary>
    Leaves,

    /// <summary>It has died and is to be dead-lettered.</summary>
    Dies,
}

/// <summary>A delivery whose entry comes back to its queue.</summary>
internal readonly record struct ReturnedDelivery(EntryId Id, Subscription? By, bool CountsAsFailure);
