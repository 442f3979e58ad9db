using Posthaste.Core.Messages;

namespace Posthaste.Core.Queues;

/// <summary>State and marks of a <see cref="QueueEntry"/>, kept in the top 16 bits of its expiry word.</summary>
[Flags]
public enum EntryFlags : ushort
{
    None = 0,

    /// <summary>Handed to a consumer and neither settled nor returned yet.</summary>
    Unacked = 1,

    /// <summary>Left the queue; the slot only waits for its neighbours.</summary>
    Gone = 2,

    /// <summary>The message must survive a restart: its settlement is journaled.</summary>
    Persistent = 4,

    /// <summary>May have been delivered before.</summary>
    Redelivered = 8,

    /// <summary>Has counters in the queue's side table: it was returned at least once.</summary>
    Counted = 16,

    /// <summary>Died, but its dead-letter target could not take it yet: neither ready nor with a consumer.</summary>
    Held = 32,

    /// <summary>Came back and waits for its time: neither ready nor with a consumer.</summary>
    Waiting = 64,
}

/// <summary>
/// What a queue keeps in memory for one message: 24 bytes, never the body.
/// </summary>
public struct QueueEntry
{
    private const int FlagsShift = 48;
    private const ulong ExpiryMask = (1UL << FlagsShift) - 1;

    private ulong _expiryAndFlags;

    /// <summary>Where the encoded message (see <see cref="MessageView"/>) is.</summary>
    public MessageLocation Location;

    /// <summary>Length of the encoded message.</summary>
    public int Length;

    /// <summary>Length of the body alone: what `x-max-length-bytes` counts.</summary>
    public int BodyBytes;

    public EntryFlags Flags
    {
        readonly get => (EntryFlags)(_expiryAndFlags >> FlagsShift);
        set => _expiryAndFlags = (_expiryAndFlags & ExpiryMask) | ((ulong)value << FlagsShift);
    }

    /// <summary>
    /// When it expires, in milliseconds since the Unix epoch (48 bits: until the year 10889); 0 for never.
    /// </summary>
    public long ExpiresAtMs
    {
        readonly get => (long)(_expiryAndFlags & ExpiryMask);
        set => _expiryAndFlags = (_expiryAndFlags & ~ExpiryMask) | ((ulong)value & ExpiryMask);
    }

    public readonly bool Is(EntryFlags flag) => (Flags & flag) != 0;
}

/// <summary>How often an entry went out and came back. Entries that were never returned have none (all zero).</summary>
/// <param name="DeliveryCount">
/// Failed deliveries so far; compared with the delivery limit. Header `x-delivery-count`.
/// </param>
/// <param name="AcquiredCount">Returns of any kind so far. Header `x-acquired-count`.</param>
public readonly record struct EntryCounters(ushort DeliveryCount, ushort AcquiredCount);

/// <summary>One message on its way into a queue.</summary>
public struct Arrival
{
    public MessageLocation Location;
    public int Length;
    public int BodyBytes;

    /// <summary>As published; the queue clamps it to the levels that it has.</summary>
    public byte Priority;

    public bool Persistent;

    /// <summary>The message's own time to live; -1 for none. The queue's own, if shorter, wins.</summary>
    public long TtlMs;
}
