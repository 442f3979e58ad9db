using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Posthaste.WebConsole.Tests.Browser;

/// <summary>
/// Many connections, each with a channel and a consumer: plain sockets that say the least that AMQP lets them say.
/// </summary>
internal sealed class Crowd : IAsyncDisposable
{
    /// <summary>Connections of the crowd.</summary>
    public const int Count = 1_000;

    public const string Queue = "crowd";

    private const byte FrameEnd = 0xce;

    private readonly List<Socket> _sockets = [];

    /// <param name="endPoint">Of the listener for AMQP.</param>
    public static async Task<Crowd> ConnectAsync(IPEndPoint endPoint)
    {
        var crowd = new Crowd();
        try
        {
            for (var i = 0; i < Count; i++) await crowd.AddAsync(endPoint, $"crowd.{i % 10}");
            return crowd;
        }
        catch
        {
            await crowd.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        foreach (var socket in _sockets) socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task AddAsync(IPEndPoint endPoint, string name)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _sockets.Add(socket);
        await socket.ConnectAsync(endPoint);
        await socket.SendAsync(Dialogue(name));

        // Until the broker says that the consumer is there: whoever is in a list answered for it.
        var buffer = new byte[4_096];
        var seen = new List<byte>();
        while (!IsConsuming(seen))
        {
            var count = await socket.ReceiveAsync(buffer);
            if (count == 0) throw new IOException($"connection {_sockets.Count} was closed");
            seen.AddRange(buffer[..count]);
        }
    }

    /// <summary>All that a client says, whatever the server answers in between.</summary>
    private static byte[] Dialogue(string name)
    {
        byte[] properties = [.. Short("connection_name"), (byte)'S', .. Long(name)];
        return
        [
            // connection: start-ok, tune-ok, open; channel.open; basic: qos, consume.
            .. "AMQP\0\0\t\u0001"u8,
            .. Method(
                0, 10, 11, [.. Long(properties), .. Short("PLAIN"), .. Long("\0guest\0guest"), .. Short("en_US")]),
            .. Method(0, 10, 31, [.. U16(2_047), .. U32(131_072), .. U16(0)]),
            .. Method(0, 10, 40, [.. Short("/"), .. Short(""), 0]),
            .. Method(1, 20, 10, Short("")),
            .. Method(1, 60, 10, [.. U32(0), .. U16(25), 0]),
            .. Method(1, 60, 20, [.. U16(0), .. Short(Queue), .. Short(""), 0, .. U32(0)]),
        ];
    }

    /// <summary>Frames up to basic.consume-ok, class 60, method 21.</summary>
    private static bool IsConsuming(List<byte> seen)
    {
        var bytes = seen.ToArray().AsSpan();
        while (bytes.Length >= 11)
        {
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(bytes[3..]);
            if (bytes.Length < 8 + length) return false;
            var (classId, methodId) = (bytes[8], bytes[10]);
            if (classId == 60 && methodId == 21) return true;
            bytes = bytes[(8 + length)..];
        }

        return false;
    }

    private static byte[] Method(ushort channel, ushort classId, ushort methodId, byte[] arguments)
    {
        byte[] payload = [.. U16(classId), .. U16(methodId), .. arguments];
        return [1, .. U16(channel), .. U32((uint)payload.Length), .. payload, FrameEnd];
    }

    private static byte[] Short(string text) => [(byte)text.Length, .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Long(string text) => Long(Encoding.UTF8.GetBytes(text));

    private static byte[] Long(byte[] bytes) => [.. U32((uint)bytes.Length), .. bytes];

    private static byte[] U16(ushort value) => [(byte)(value >> 8), (byte)value];

    private static byte[] U32(uint value) => [.. U16((ushort)(value >> 16)), .. U16((ushort)value)];
}
