using System.Collections.Concurrent;
using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Tracing;

/// <summary>
/// The traced messages that are in queues, by their entries: beside the queues, whose entries know nothing of it. The
/// last <paramref name="entriesMax"/> that came are remembered; numbers of entries are never used twice, so what is
/// forgotten can't be taken for another. Any thread; finding takes no lock.
/// </summary>
internal sealed class TraceTable(int entriesMax)
{
    private readonly ConcurrentDictionary<(ulong Queue, EntryId Id), EntryTrace> _entries = new();
    private readonly Lock _lock = new();

    /// <summary>What came, in a ring: also what has left since.</summary>
    private readonly List<(ulong Queue, EntryId Id)> _arrivals = [];
    private int _oldest;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public EntryTrace? Find(BrokerQueue queue, EntryId id) =>
        Count == 0 ? null : _entries.GetValueOrDefault((queue.Id, id));

    public void Add(BrokerQueue queue, EntryId id, EntryTrace trace)
    {
        var key = (queue.Id, id);
        lock (_lock)
        {
            if (_arrivals.Count < entriesMax)
            {
                _arrivals.Add(key);
            }
            else
            {
                Remove(_arrivals[_oldest]);
                _arrivals[_oldest] = key;
                _oldest = (_oldest + 1) % entriesMax;
            }

            if (_entries.TryAdd(key, trace)) Interlocked.Increment(ref _count);
        }
    }

    public void Remove(BrokerQueue queue, EntryId id) => Remove((queue.Id, id));

    private void Remove((ulong Queue, EntryId Id) key)
    {
        if (_entries.TryRemove(key, out _)) Interlocked.Decrement(ref _count);
    }
}
