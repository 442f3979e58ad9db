using System.Buffers.Binary;
using System.Text;

namespace Posthaste.Interop.Tests.Observability;

/// <summary>A message of protocol buffers, by the numbers of its fields.</summary>
internal sealed class ProtoMessage
{
    private readonly List<(int Field, ulong Number, byte[] Bytes)> _values = [];

    public ProtoMessage(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ulong tag = ReadVarint(ref bytes);
            int field = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    _values.Add((field, ReadVarint(ref bytes), []));
                    break;
                case 1:
                    _values.Add((field, BinaryPrimitives.ReadUInt64LittleEndian(bytes), bytes[..8].ToArray()));
                    bytes = bytes[8..];
                    break;
                case 2:
                    int length = (int)ReadVarint(ref bytes);
                    _values.Add((field, 0, bytes[..length].ToArray()));
                    bytes = bytes[length..];
                    break;
                case 5:
                    _values.Add((field, BinaryPrimitives.ReadUInt32LittleEndian(bytes), bytes[..4].ToArray()));
                    bytes = bytes[4..];
                    break;
                default:
                    throw new InvalidDataException($"Wire type {tag & 7} of field {field}.");
            }
        }
    }

    public bool Has(int field) => _values.Exists(value => value.Field == field);

    /// <summary>0 when it is not there.</summary>
    public ulong Number(int field) => _values.Find(value => value.Field == field).Number;

    public double Double(int field) => BitConverter.UInt64BitsToDouble(Number(field));

    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field));

    /// <summary>As ids are written.</summary>
    public string Hex(int field) => Convert.ToHexStringLower(Bytes(field));

    public IEnumerable<ProtoMessage> Messages(int field) =>
        _values.Where(value => value.Field == field).Select(value => new ProtoMessage(value.Bytes));

    private byte[] Bytes(int field) => _values.Find(value => value.Field == field).Bytes ?? [];

    private static ulong ReadVarint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
    }
}
