using System.Buffers.Binary;
using System.Text;

namespace Posthaste.Interop.Tests.Wire;

/// <summary>
/// One frame as it crossed the socket.
/// <code>
///  0      1         3             7                  7+size
/// +------+---------+-------------+------------------+-----------+
/// | type | channel |    size     |     payload      | end (CE)  |
/// +------+---------+-------------+------------------+-----------+
/// </code>
/// </summary>
internal sealed record WireFrame(byte Type, ushort Channel, byte[] Payload)
{
    public const byte Method = 1;
    public const byte Header = 2;
    public const byte Body = 3;
    public const byte Heartbeat = 8;
    public const byte End = 0xCE;

    public int ClassId => BinaryPrimitives.ReadUInt16BigEndian(Payload);

    public int MethodId => BinaryPrimitives.ReadUInt16BigEndian(Payload.AsSpan(2));

    /// <summary>The arguments of a method, after class and method id.</summary>
    public ReadOnlySpan<byte> Arguments => Payload.AsSpan(4);

    public bool Is(int classId, int methodId) => Type == Method && ClassId == classId && MethodId == methodId;

    /// <summary>Code and text of connection.close or channel.close, which begin alike.</summary>
    public (int Code, string Text) Reason
    {
        get
        {
            int length = Arguments[2];
            return (BinaryPrimitives.ReadUInt16BigEndian(Arguments),
                Encoding.UTF8.GetString(Arguments.Slice(3, length)));
        }
    }

    public byte[] Encode()
    {
        var encoded = new byte[Payload.Length + 8];
        encoded[0] = Type;
        BinaryPrimitives.WriteUInt16BigEndian(encoded.AsSpan(1), Channel);
        BinaryPrimitives.WriteUInt32BigEndian(encoded.AsSpan(3), (uint)Payload.Length);
        Payload.CopyTo(encoded, 7);
        encoded[^1] = End;
        return encoded;
    }
}
