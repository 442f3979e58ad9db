using System.Buffers.Binary;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Payload of a retained record: a publish that is also the last message of its routing key from now on, or, without a
/// body, takes that away. In snapshots: what is retained, for no queue.
/// <code>
///  0                4                8
/// +----------------+----------------+---------------------------------------------+
/// | virtual host   | zero           | what a publish record has, see PublishRecord |
/// | id (u32)       |                |                                             |
/// +----------------+----------------+---------------------------------------------+
/// </code>
/// Integers are little-endian. Written whatever the message's persistence, and also when no queue keeps it: what was
/// retained before it must not come back.
/// </summary>
internal static class RetainedRecord
{
    public const int HeaderBytes = 8;

    /// <summary>Writes what comes before the publish record; returns the rest.</summary>
    public static Span<byte> WriteHeader(Span<byte> target, uint hostId)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, hostId);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], 0);
        return target[HeaderBytes..];
    }

    public static uint ReadHostId(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt32LittleEndian(payload);
}
