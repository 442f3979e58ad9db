using System.Collections.Concurrent;

namespace Posthaste.Broker.Tests.Stress;

/// <summary>
/// What ought to be in one queue, message by message, kept by those who publish and consume. Any thread. What breaks a
/// promise is noted rather than thrown: most calls come from the broker's own threads.
/// </summary>
internal sealed class QueueAccount(string name, ConcurrentQueue<string> findings)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Copy> _copies = [];
    private readonly Dictionary<int, long> _lastByPublisher = [];
    private long _purgedCount;

    public string Name => name;

    /// <summary>Whether each publisher's messages have to come in its order: one consumer, nothing returned.</summary>
    public bool IsOrdered { get; init; }

    /// <summary>Copies that were neither settled nor refused.</summary>
    public long OpenCount
    {
        get
        {
            lock (_lock) return _copies.Values.LongCount(copy => copy is { IsSettled: false, IsRefused: false });
        }
    }

    public long PurgedCount => Volatile.Read(ref _purgedCount);

    /// <summary>Messages settled or still open, but not refused.</summary>
    public IReadOnlyCollection<long> Accepted
    {
        get
        {
            lock (_lock) return [.. _copies.Where(pair => !pair.Value.IsRefused).Select(pair => pair.Key)];
        }
    }

    /// <summary>Before it is handed over: it may be delivered before the publisher knows.</summary>
    public void Published(long id)
    {
        lock (_lock) _copies.Add(id, new Copy());
    }

    /// <summary>It was not handed over after all.</summary>
    public void TakenBack(long id)
    {
        lock (_lock) _copies.Remove(id);
    }

    /// <summary>The publisher was told that the queue did not take it.</summary>
    public void Refused(long id)
    {
        lock (_lock)
        {
            var copy = _copies[id];
            if (copy.DeliveredCount > 0) Find($"{Of(id)} was refused and delivered");
            copy.IsRefused = true;
        }
    }

    public void Delivered(long id, bool redelivered)
    {
        lock (_lock)
        {
            if (!_copies.TryGetValue(id, out var copy))
            {
                Find($"{Of(id)} was delivered and never published here");
                return;
            }

            if (copy.IsSettled) Find($"{Of(id)} was delivered after it was settled");
            if (copy.IsRefused) Find($"{Of(id)} was delivered after it was refused");
            if (copy.IsOut) Find($"{Of(id)} was delivered to two at a time");
            if (redelivered != copy.DeliveredCount > 0) Find($"{Of(id)} came marked {redelivered}, {copy}");
            copy.IsOut = true;
            copy.DeliveredCount++;
            if (IsOrdered) CheckOrder(id);
        }
    }

    /// <summary>Before the broker is told.</summary>
    public void Settled(long id)
    {
        lock (_lock)
        {
            var copy = _copies[id];
            copy.IsOut = false;
            copy.IsSettled = true;
        }
    }

    /// <summary>Before the broker is told.</summary>
    public void Returned(long id)
    {
        lock (_lock) _copies[id].IsOut = false;
    }

    public void Purged(long count) => Interlocked.Add(ref _purgedCount, count);

    private void CheckOrder(long id)
    {
        var publisher = MessageId.PublisherOf(id);
        if (_lastByPublisher.TryGetValue(publisher, out var last) && last >= id) Find($"{Of(id)} came after {last}");
        _lastByPublisher[publisher] = id;
    }

    private string Of(long id) => $"{name}: message {id & uint.MaxValue} of {MessageId.PublisherOf(id)}";

    private void Find(string what) => findings.Enqueue(what);

    private sealed class Copy
    {
        public bool IsOut { get; set; }

        public bool IsSettled { get; set; }

        public bool IsRefused { get; set; }

        public int DeliveredCount { get; set; }

        public override string ToString() => $"after {DeliveredCount} deliveries";
    }
}

/// <summary>The first eight bytes of each body: who published it, and its number there.</summary>
internal static class MessageId
{
    public static long Of(int publisher, int number) => ((long)publisher << 32) | (uint)number;

    public static int PublisherOf(long id) => (int)(id >> 32);

    public static byte[] Body(long id, int bytes)
    {
        var body = new byte[Math.Max(sizeof(long), bytes)];
        BitConverter.TryWriteBytes(body, id);
        return body;
    }

    public static long Read(ReadOnlySpan<byte> body) => BitConverter.ToInt64(body);
}
