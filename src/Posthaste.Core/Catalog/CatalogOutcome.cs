using Posthaste.Core.Routing;

namespace Posthaste.Core.Catalog;

/// <summary>What a catalog command did. If it failed, nothing changed.</summary>
public sealed record CatalogOutcome
{
    /// <summary>Why it was refused; null when it was done.</summary>
    public CatalogError? Error { get; init; }

    /// <summary>The queue declared, found or deleted.</summary>
    public CatalogQueue? Queue { get; init; }

    /// <summary>The exchange declared, found or deleted.</summary>
    public Exchange? Exchange { get; init; }

    /// <summary>Whether anything is different now, in memory or to be journaled.</summary>
    public bool Changed { get; init; }

    /// <summary>The durable facts among what changed, in the order in which to journal them.</summary>
    public IReadOnlyList<CatalogChange> Changes { get; init; } = [];

    /// <summary>
    /// Queues that are no longer in the catalog; the broker ends their consumers and drops their messages.
    /// </summary>
    public IReadOnlyList<CatalogQueue> DeletedQueues { get; init; } = [];

    internal static CatalogOutcome Unchanged { get; } = new();

    public static implicit operator CatalogOutcome(CatalogError error) => new() { Error = error };
}
