using System.Buffers.Binary;

namespace Posthaste.Server.Tests.WebSockets;

/// <summary>Frames as a client writes them, right and wrong, independent of the code under test.</summary>
internal static class Frames
{
    public const byte Continuation = 0;
    public const byte Text = 1;
    public const byte Binary = 2;
    public const byte Close = 8;
    public const byte Ping = 9;
    public const byte Pong = 10;

    private static readonly byte[] Key = [0x37, 0xFA, 0x21, 0x3D];

    public static byte[] Masked(byte opcode, ReadOnlySpan<byte> payload, bool isFin = true, byte reserved = 0)
    {
        var frame = new List<byte> { (byte)((isFin ? 0x80 : 0) | (reserved << 4) | opcode) };
        frame.AddRange(Length(payload.Length, 0x80));
        frame.AddRange(Key);
        for (var i = 0; i < payload.Length; i++) frame.Add((byte)(payload[i] ^ Key[i % 4]));
        return [.. frame];
    }

    public static byte[] Closing(ushort code, string reason = "")
    {
        var payload = new byte[2 + System.Text.Encoding.UTF8.GetByteCount(reason)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, code);
        System.Text.Encoding.UTF8.GetBytes(reason, payload.AsSpan(2));
        return Masked(Close, payload);
    }

    private static byte[] Length(int length, byte mask)
    {
        if (length < 126) return [(byte)(mask | length)];
        if (length < 65_536) return [(byte)(mask | 126), (byte)(length >> 8), (byte)length];
        var bytes = new byte[9];
        bytes[0] = (byte)(mask | 127);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(1), length);
        return bytes;
    }
}
