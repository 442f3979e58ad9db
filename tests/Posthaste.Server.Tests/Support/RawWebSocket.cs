using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Posthaste.Server.Tests.Support;

/// <summary>A client that writes what no WebSocket library would, and sees every frame that comes back.</summary>
internal sealed class RawWebSocket : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TcpClient _tcp;
    private readonly CancellationTokenSource _limit = new(Deadline);

    private RawWebSocket(TcpClient tcp) => _tcp = tcp;

    /// <summary>Connects and sends a request; the answer's head is left to <see cref="ReadHeadAsync"/>.</summary>
    public static async Task<RawWebSocket> RequestAsync(IPEndPoint endPoint, string request)
    {
        var tcp = new TcpClient(endPoint.AddressFamily);
        await tcp.ConnectAsync(endPoint);
        var client = new RawWebSocket(tcp);
        await client.SendAsync(Encoding.ASCII.GetBytes(request));
        return client;
    }

    /// <summary>Connects and opens a WebSocket.</summary>
    public static async Task<RawWebSocket> OpenAsync(IPEndPoint endPoint, string headers = "")
    {
        var client = await RequestAsync(endPoint, Opening(headers));
        var head = await client.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        return client;
    }

    /// <summary>The request of RFC 6455, 1.3.</summary>
    public static string Opening(string headers = "", string path = "/ws", string version = "13") =>
        $"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        $"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: {version}\r\n{headers}\r\n";

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _tcp.GetStream().WriteAsync(bytes, _limit.Token);

    /// <summary>Everything up to and with the empty line.</summary>
    public async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await _tcp.GetStream().ReadExactlyAsync(one, _limit.Token);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    /// <summary>The next frame, which has to be the server's: final and without a mask.</summary>
    public async Task<(byte Opcode, byte[] Payload)> ReadFrameAsync()
    {
        var stream = _tcp.GetStream();
        var bytes = new byte[8];
        await stream.ReadExactlyAsync(bytes.AsMemory(0, 2), _limit.Token);
        var (opcode, length) = (bytes[0], (long)bytes[1]);
        Assert.Equal(0x80, opcode & 0xF0);
        Assert.InRange(length, 0, 127);
        if (length == 126)
        {
            await stream.ReadExactlyAsync(bytes.AsMemory(0, 2), _limit.Token);
            length = BinaryPrimitives.ReadUInt16BigEndian(bytes);
            Assert.InRange(length, 126, ushort.MaxValue);
        }
        else if (length == 127)
        {
            await stream.ReadExactlyAsync(bytes, _limit.Token);
            length = BinaryPrimitives.ReadInt64BigEndian(bytes);
            Assert.InRange(length, ushort.MaxValue + 1, long.MaxValue);
        }

        var payload = new byte[length];
        await stream.ReadExactlyAsync(payload, _limit.Token);
        return ((byte)(opcode & 0x0F), payload);
    }

    /// <summary>The next frame, which has to be a close frame; its code.</summary>
    public async Task<int> ReadCloseAsync()
    {
        var (opcode, payload) = await ReadFrameAsync();
        Assert.Equal(8, opcode);
        return payload.Length == 0 ? 1005 : BinaryPrimitives.ReadUInt16BigEndian(payload);
    }

    /// <summary>All that still comes, however the connection ends.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var rest = new MemoryStream();
        try
        {
            await _tcp.GetStream().CopyToAsync(rest, _limit.Token);
        }
        catch (IOException)
        {
            // Cut instead of closed.
        }

        return Encoding.UTF8.GetString(rest.ToArray());
    }

    public void Dispose()
    {
        _tcp.Dispose();
        _limit.Dispose();
    }
}
