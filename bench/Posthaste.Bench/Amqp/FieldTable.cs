using System.Buffers.Binary;
using System.Text;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Amqp;

/// <summary>Looks one long string up in an encoded field table, as far as server-properties use the types.</summary>
internal static class FieldTable
{
    /// <param name="table">The table with its four-byte length in front.</param>
    /// <param name="name">The field's name.</param>
    /// <returns>The value, or null when the table has no such string.</returns>
    public static string? FindString(ReadOnlySpan<byte> table, string name)
    {
        int bytes = (int)BinaryPrimitives.ReadUInt32BigEndian(table);
        ReadOnlySpan<byte> rest = table.Slice(4, bytes);
        while (rest.Length > 0)
        {
            int nameBytes = rest[0];
            ReadOnlySpan<byte> fieldName = rest.Slice(1, nameBytes);
            byte type = rest[1 + nameBytes];
            ReadOnlySpan<byte> value = rest[(2 + nameBytes)..];
            if (type == 'S' && Encoding.UTF8.GetString(fieldName) == name)
            {
                return Encoding.UTF8.GetString(value.Slice(4, (int)BinaryPrimitives.ReadUInt32BigEndian(value)));
            }

            rest = value[ValueBytes(type, value)..];
        }

        return null;
    }

    private static int ValueBytes(byte type, ReadOnlySpan<byte> value) => (char)type switch
    {
        'V' => 0,
        't' or 'b' or 'B' => 1,
        's' or 'u' => 2,
        'I' or 'i' or 'f' => 4,
        'D' => 5,
        'l' or 'L' or 'd' or 'T' => 8,
        'S' or 'x' or 'F' or 'A' => 4 + (int)BinaryPrimitives.ReadUInt32BigEndian(value),
        _ => throw new ConnectionException($"unknown field type {type} in server-properties"),
    };
}
