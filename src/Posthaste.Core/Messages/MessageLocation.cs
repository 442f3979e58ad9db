namespace Posthaste.Core.Messages;

/// <summary>Where the bytes of a stored message are.</summary>
public enum LocationSpace
{
    /// <summary>A position in the journal's address space: durable.</summary>
    Journal = 0,

    /// <summary>A position in the arena of transient messages: memory only.</summary>
    Arena = 1,

    /// <summary>
    /// A segment file of the destination: segment id and offset. Durable messages, or spilled transient ones.
    /// </summary>
    Segment = 2,
}

/// <summary>
/// The address of a message's bytes in one of the three spaces, packed into 64 bits.
/// <code>
///  63 62 61                                        0
/// +-----+------------------------------------------+
/// |space| position (journal, arena)                |
/// |     | segment id (30 bits) | offset (32 bits)  |
/// +-----+------------------------------------------+
/// </code>
/// </summary>
public readonly record struct MessageLocation(ulong Value) : IComparable<MessageLocation>
{
    private const int SpaceShift = 62;
    private const ulong PositionMask = (1UL << SpaceShift) - 1;

    public LocationSpace Space => (LocationSpace)(Value >> SpaceShift);

    /// <summary>Position within the journal or the arena.</summary>
    public long Position => (long)(Value & PositionMask);

    /// <summary>Segment file id; meaningful for <see cref="LocationSpace.Segment"/> only.</summary>
    public uint SegmentId => (uint)((Value & PositionMask) >> 32);

    /// <summary>Byte offset within the segment file; meaningful for <see cref="LocationSpace.Segment"/> only.</summary>
    public uint SegmentOffset => (uint)Value;

    public static MessageLocation Journal(long position) => new((ulong)position);

    public static MessageLocation Arena(long position) =>
        new(((ulong)LocationSpace.Arena << SpaceShift) | (ulong)position);

    public static MessageLocation Segment(uint segmentId, uint offset) =>
        new(((ulong)LocationSpace.Segment << SpaceShift) | ((ulong)segmentId << 32) | offset);

    /// <summary>Orders by space, then position: within one space, older first.</summary>
    public int CompareTo(MessageLocation other) => Value.CompareTo(other.Value);

    public static bool operator <(MessageLocation left, MessageLocation right) => left.Value < right.Value;

    public static bool operator >(MessageLocation left, MessageLocation right) => left.Value > right.Value;

    public static bool operator <=(MessageLocation left, MessageLocation right) => left.Value <= right.Value;

    public static bool operator >=(MessageLocation left, MessageLocation right) => left.Value >= right.Value;

    public override string ToString() => Space == LocationSpace.Segment
        ? $"segment {SegmentId}+{SegmentOffset}"
        : $"{(Space == LocationSpace.Journal ? "journal" : "arena")} {Position}";
}
