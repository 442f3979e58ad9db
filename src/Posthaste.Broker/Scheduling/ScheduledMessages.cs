using Posthaste.Broker.Queues;
using Posthaste.Broker.Storage;
using Posthaste.Core.Queues;
using Posthaste.Core.Routing;

namespace Posthaste.Broker.Scheduling;

/// <summary>A message that waits for its time.</summary>
/// <param name="Id">Names it among those of its exchange.</param>
/// <param name="DueMs">When it will be published, Unix milliseconds.</param>
/// <param name="ReceivedMs">When it came.</param>
/// <param name="Exchange">The exchange that its publisher named.</param>
/// <param name="RoutingKey">Its key.</param>
/// <param name="BodyBytes">Bytes of its body.</param>
public sealed record ScheduledMessage(
    ulong Id, long DueMs, long ReceivedMs, byte[] Exchange, byte[] RoutingKey, int BodyBytes);

/// <summary>The messages that one exchange delays: how many, which, and not these. Any thread.</summary>
public sealed class ScheduledMessages
{
    /// <summary>
    /// Messages of one list. 1,000: each is read to show its key, and one walk through all finds a list.
    /// </summary>
    public const int ListMax = 1_000;

    private readonly BrokerQueue _queue;

    private ScheduledMessages(Exchange exchange, BrokerQueue queue)
    {
        Exchange = exchange;
        _queue = queue;
    }

    public Exchange Exchange { get; }

    /// <summary>Messages that wait for their time.</summary>
    public long Count => _queue.MessageCount;

    /// <summary>Messages whose time has come, on their way or waiting for room in their queues.</summary>
    public long DueCount => _queue.HeldCount;

    /// <summary>Bytes of the bodies of those that wait.</summary>
    public long BodyBytes => _queue.Machine.ReadyBodyBytes;

    /// <summary>Those of one exchange; null when it has never delayed any.</summary>
    public static ScheduledMessages? Of(Exchange exchange)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        return exchange.DelayQueue is BrokerQueue queue ? new ScheduledMessages(exchange, queue) : null;
    }

    /// <summary>All exchanges of a virtual host that have delayed something.</summary>
    public static IEnumerable<ScheduledMessages> In(VirtualHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return host.Catalog.Exchanges.Select(Of).OfType<ScheduledMessages>();
    }

    /// <summary>Lists messages by their time. Reads from disk on the caller's thread.</summary>
    /// <param name="afterDueMs">Time of the last one that is not wanted; 0 to begin.</param>
    /// <param name="afterId">Its id.</param>
    /// <param name="max">Messages wanted, up to <see cref="ListMax"/>.</param>
    /// <param name="isComplete">
    /// False for a while after a restart, when some messages have not been found again and are left out.
    /// </param>
    public List<ScheduledMessage> List(long afterDueMs, ulong afterId, int max, out bool isComplete)
    {
        var entries = _queue.ListDelayed(
            afterDueMs, new EntryId(afterId), Math.Min(max, ListMax), out isComplete);
        var listed = new List<ScheduledMessage>(entries.Count);
        foreach (var entry in entries)
        {
            if (Read(in entry) is { } message) listed.Add(message);
        }

        return listed;
    }

    /// <summary>Cancels a message: it is never published.</summary>
    /// <returns>False when none of that id waits.</returns>
    public bool Cancel(ulong id)
    {
        var flushes = FlushSet.ForThisThread;
        var isCancelled = _queue.CancelDelayed(new EntryId(id), flushes);
        flushes.FlushAll();
        return isCancelled;
    }

    /// <summary>Cancels all that wait.</summary>
    /// <returns>How many.</returns>
    public long CancelAll()
    {
        var flushes = FlushSet.ForThisThread;
        var count = _queue.Purge(flushes);
        flushes.FlushAll();
        return count;
    }

    /// <summary>Null when it has left, or can't be read.</summary>
    private ScheduledMessage? Read(in DelayedEntry listed)
    {
        // Without what only its bytes say, where they can't be read; when it is due, the log says so.
        var message = new ScheduledMessage(listed.Id.Value, listed.DueMs, 0, [], [], listed.BodyBytes);
        var lease = default(BlockLease);
        try
        {
            var result = _queue.Show(
                listed.Id,
                (in shown) =>
                {
                    message = message with
                    {
                        ReceivedMs = shown.Message.ReceivedAtMs,
                        Exchange = shown.Message.Exchange.ToArray(),
                        RoutingKey = shown.Message.RoutingKey.ToArray(),
                    };
                    return true;
                },
                ref lease);
            return result == ShowResult.Gone ? null : message;
        }
        finally
        {
            lease.Release();
        }
    }
}
