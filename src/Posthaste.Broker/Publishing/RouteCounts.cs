namespace Posthaste.Broker.Publishing;

/// <summary>Counts messages for their exchanges, added up as far as they follow each other.</summary>
internal static class RouteCounts
{
    public static void Count(ReadOnlySpan<OutgoingPublish> items)
    {
        for (var at = 0; at < items.Length;)
        {
            var (meter, start, enqueued) = (items[at].Route.Meter, at, 0L);
            while (at < items.Length && ReferenceEquals(items[at].Route.Meter, meter))
            {
                var length = SameRouteLength(items[at..]);
                enqueued += (long)length * items[at].Route.Queues.Length;
                at += length;
            }

            meter?.Count(at - start, enqueued);
        }
    }

    private static int SameRouteLength(ReadOnlySpan<OutgoingPublish> items)
    {
        var route = items[0].Route;
        var length = 1;
        while (length < items.Length && ReferenceEquals(items[length].Route, route)) length++;
        return length;
    }
}
