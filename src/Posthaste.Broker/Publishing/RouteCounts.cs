namespace Posthaste.Broker.Publishing;

/// <summary>Counts messages for their exchanges, added up as far as they follow each other.</summary>
internal static class RouteCounts
{
    public static void Count(ReadOnlySpan<OutgoingPublish> items)
    {
        for (var at = 0; at < items.Length;)
        {
            var meter = items[at].Route.Meter;
            long enqueued = 0;
            var end = at;
            for (; end < items.Length && ReferenceEquals(items[end].Route.Meter, meter); end++)
                enqueued += items[end].Route.Queues.Length;
            meter?.Count(end - at, enqueued);
            at = end;
        }
    }
}
