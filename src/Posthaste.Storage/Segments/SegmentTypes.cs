using Posthaste.Primitives;

namespace Posthaste.Storage.Segments;

/// <summary>What a segment keeps of a queue entry beside the message.</summary>
public readonly record struct SegmentEntry
{
    /// <summary>The entry's place in its destination.</summary>
    public ulong Seq { get; init; }

    /// <summary>When it expires, in Unix milliseconds; <see cref="long.MaxValue"/> for never.</summary>
    public long ExpiresAtMs { get; init; }

    /// <summary>The caller's.</summary>
    public byte Flags { get; init; }

    /// <summary>How often a delivery of it failed.</summary>
    public ushort DeliveryCount { get; init; }

    /// <summary>How often it was handed out.</summary>
    public ushort AcquiredCount { get; init; }

    /// <summary>The size that counts against limits in bytes.</summary>
    public uint BodyBytes { get; init; }
}

/// <summary>
/// Where a block is and what it holds: enough to find it again, and what the caller keeps in its own state.
/// </summary>
public readonly record struct SegmentBlockInfo
{
    /// <summary>The segment file, 1 to 2^30 - 1; never used twice.</summary>
    public int SegmentId { get; init; }

    /// <summary>Where the block starts in the file.</summary>
    public long Offset { get; init; }

    /// <summary>Its bytes in the file, header included.</summary>
    public int Length { get; init; }

    /// <summary>The destination whose entries it holds.</summary>
    public ulong DestinationId { get; init; }

    /// <summary>The caller's priority level.</summary>
    public byte Level { get; init; }

    /// <summary>The lowest sequence in it.</summary>
    public ulong FirstSeq { get; init; }

    /// <summary>The highest.</summary>
    public ulong LastSeq { get; init; }

    /// <summary>How many entries.</summary>
    public int Count { get; init; }

    /// <summary>The earliest expiry in it; <see cref="long.MaxValue"/> for none.</summary>
    public long MinExpiresAtMs { get; init; }
}

/// <summary>
/// The place of a message in a segment, in 62 bits: the segment's number above the offset in its file.
/// </summary>
/// <param name="SegmentId">The segment, below 2^30.</param>
/// <param name="Offset">Where the message's bytes begin in the file, below 2^32.</param>
public readonly record struct SegmentLocation(int SegmentId, long Offset)
{
    /// <summary>The highest segment number.</summary>
    public const int SegmentIdMax = (1 << 30) - 1;

    /// <summary>The highest offset.</summary>
    public const long OffsetMax = uint.MaxValue;

    /// <summary>The location as a number below 2^62.</summary>
    public long Pack()
    {
        Checks.Require(SegmentId is >= 0 and <= SegmentIdMax && Offset is >= 0 and <= OffsetMax);
        return ((long)SegmentId << 32) | Offset;
    }

    /// <summary>The location in a packed number.</summary>
    public static SegmentLocation Unpack(long packed) => new((int)(packed >> 32), packed & OffsetMax);
}

/// <summary>The settings of a segment store.</summary>
public sealed record SegmentOptions
{
    /// <summary>
    /// A segment file is closed when it reaches this, default 64 MiB: the unit in which space comes back.
    /// </summary>
    public long SegmentBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Loaded blocks kept in memory, default 32 MiB, the least recently used go first.</summary>
    public long CacheBytesMax { get; init; } = 32 * 1024 * 1024;
}
