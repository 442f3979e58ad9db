using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>Looks at a message that stays in its queue. Valid during the call only.</summary>
public delegate void MessageVisitor(in DeliveredMessage message);

/// <summary>Where a look at a queue has ended.</summary>
public enum BrowseEnd
{
    /// <summary>As many as were asked for have been seen; there may be more.</summary>
    Count,

    /// <summary>There are no more.</summary>
    Queue,

    /// <summary>There are more, on disk and far from the head, where looking does not reach.</summary>
    Disk,
}

/// <summary>
/// Looking at messages without taking them: they are neither out nor marked as redelivered, and consumers do not
/// notice.
/// </summary>
public sealed partial class BrokerQueue
{
    /// <summary>Entries passed at a time on the strand, so that consumers have their turn.</summary>
    private const int BrowseBatch = 128;

    /// <summary>
    /// Loads in a row that may bring nothing new, before a look ends: the disk is slower than the queue.
    /// </summary>
    private const int BrowseLoadsMax = 16;

    /// <summary>
    /// Shows ready messages, in the order of the queue. Messages that come and go meanwhile may be missed.
    /// </summary>
    /// <param name="skip">Messages at the head to pass over.</param>
    /// <param name="count">Messages at most.</param>
    /// <param name="show">Called on the strand: it copies and returns.</param>
    /// <param name="cancellation">Ends it between messages.</param>
    public async Task<BrowseEnd> BrowseAsync(
        int skip, int count, MessageVisitor show, CancellationToken cancellation)
    {
        var place = new BrowsePlace { Skip = skip, Count = count };
        while (place.LoadCount <= BrowseLoadsMax)
        {
            cancellation.ThrowIfCancellationRequested();
            if (BrowseSome(place, show) is { } end) return end;
            if (place.LoadCount > 0) await _broker.Loader.WhenReadAsync().WaitAsync(cancellation).ConfigureAwait(false);
        }

        return BrowseEnd.Disk;
    }

    /// <returns>Null when it has to go on: later when something is being read, else at once.</returns>
    private BrowseEnd? BrowseSome(BrowsePlace place, MessageVisitor show)
    {
        lock (_strand)
        {
            if (_isGone) return BrowseEnd.Queue;
            try
            {
                for (var i = 0; i < BrowseBatch; i++)
                {
                    if (place.Count == 0) return BrowseEnd.Count;
                    switch (_machine.TryPeek(place.After, out var id, out var entry, out var counters))
                    {
                        case PeekResult.End:
                            return BrowseEnd.Queue;
                        case PeekResult.OnDisk:
                            return BrowseEnd.Disk;
                        case PeekResult.NotLoaded:
                            place.LoadCount++;
                            return null;
                    }

                    if (!TryShow(place, id, in entry, counters, show)) return null;
                    place.After = id;
                    place.LoadCount = 0;
                }
            }
            finally
            {
                _lease.Release();
            }
        }

        return null;
    }

    /// <returns>False when its bytes are on disk; they have been asked for.</returns>
    private bool TryShow(
        BrowsePlace place, EntryId id, in QueueEntry entry, EntryCounters counters, MessageVisitor show)
    {
        if (place.Skip > 0)
        {
            place.Skip--;
            return true;
        }

        if (!_broker.Store.TryRead(entry.Location, entry.Length, ref _lease, out var bytes))
        {
            place.LoadCount++;
            _broker.Loader.LoadMessage(this, id, entry.Location, entry.Length);
            return false;
        }

        show(new DeliveredMessage(this, id, entry.Is(EntryFlags.Redelivered), counters, new MessageView(bytes)));
        place.Count--;
        return true;
    }

    /// <summary>How far a look has come.</summary>
    private sealed class BrowsePlace
    {
        public EntryId? After { get; set; }

        public int Skip { get; set; }

        public int Count { get; set; }

        /// <summary>Loads since the last message was seen.</summary>
        public int LoadCount { get; set; }
    }
}
