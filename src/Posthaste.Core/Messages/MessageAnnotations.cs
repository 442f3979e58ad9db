using System.Buffers;
using Posthaste.Core.Formats;

namespace Posthaste.Core.Messages;

/// <summary>What an item of the annotation section is. Persisted: grow only.</summary>
public enum AnnotationTag : byte
{
    DeathHistory = 1,
}

/// <summary>
/// The section of a stored message that the broker itself writes; see <see cref="MessageView.Annotations"/>. Empty
/// for nearly all messages. Numbers are little-endian.
/// <code>
///  0         1       2           6
/// +---------+-------+-----------+-----------+-------+-----------+-------+----
/// | version | tag   | bytes u32 | value ... | tag   | bytes u32 | value | ...
/// | = 1     | u8    |           |           |       |           |       |
/// +---------+-------+-----------+-----------+-------+-----------+-------+----
/// </code>
/// Each tag occurs at most once. Readers pass over tags that they do not know.
/// </summary>
public static class MessageAnnotations
{
    private const byte Version = 1;

    /// <summary>Finds the value of an item; false if the section is empty or has no such item.</summary>
    /// <exception cref="StoredFormatException">The section is damaged or of a newer version.</exception>
    public static bool TryFind(ReadOnlySpan<byte> section, AnnotationTag tag, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (section.IsEmpty)
            return false;

        var reader = new StoredReader(section);
        StoredReader.Require(reader.ReadByte() == Version, "annotations of an unknown version");
        while (!reader.IsAtEnd)
        {
            var found = (AnnotationTag)reader.ReadByte();
            value = reader.ReadBytes(reader.ReadUInt32());
            if (found == tag)
                return true;
        }

        value = default;
        return false;
    }

    /// <summary>Writes a section that holds the death history alone; nothing if there were no deaths.</summary>
    public static void Write(DeathHistory deaths, IBufferWriter<byte> to)
    {
        if (deaths.Count == 0)
            return;

        var value = new ArrayBufferWriter<byte>();
        deaths.WriteValue(value);
        to.WriteByte(Version);
        to.WriteByte((byte)AnnotationTag.DeathHistory);
        to.WriteUInt32((uint)value.WrittenCount);
        to.Write(value.WrittenSpan);
    }
}
