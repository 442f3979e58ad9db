namespace Posthaste.Core.Queues;

/// <summary>
/// Dead entries waiting for another try, in the order in which they are due: the delay is the same for all.
/// </summary>
internal sealed class DeadLetterHold
{
    private Queue<HeldEntry>? _entries;

    public int Count => _entries?.Count ?? 0;

    public long NextDueMs => _entries is { Count: > 0 } ? _entries.Peek().RetryAtMs : long.MaxValue;

    public void Add(EntryId id, DeadLetterReason reason, long retryAtMs) =>
        (_entries ??= []).Enqueue(new HeldEntry(id, reason, retryAtMs));

    public bool TryTakeDue(long nowMs, out EntryId id, out DeadLetterReason reason)
    {
        if (NextDueMs > nowMs)
        {
            (id, reason) = (default, default);
            return false;
        }

        (id, reason, _) = _entries!.Dequeue();
        return true;
    }

    public void Clear() => _entries = null;

    private readonly record struct HeldEntry(EntryId Id, DeadLetterReason Reason, long RetryAtMs);
}
