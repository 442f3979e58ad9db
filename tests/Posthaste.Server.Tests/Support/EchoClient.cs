using System.Net;
using System.Net.Sockets;

namespace Posthaste.Server.Tests.Support;

/// <summary>The other end of <see cref="EchoProtocol"/>.</summary>
internal sealed class EchoClient : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TcpClient _tcp;

    private EchoClient(TcpClient tcp) => _tcp = tcp;

    public static async Task<EchoClient> ConnectAsync(IPEndPoint endPoint)
    {
        var tcp = new TcpClient(endPoint.AddressFamily);
        await tcp.ConnectAsync(endPoint);
        return new EchoClient(tcp);
    }

    /// <summary>
    /// Connects to a listener that cuts it at once, maybe before the connecting has returned. What came before the end.
    /// </summary>
    public static async Task<string> ConnectToBeCutAsync(IPEndPoint endPoint)
    {
        try
        {
            using var client = await ConnectAsync(endPoint);
            return await client.ReadToEndAsync();
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return "";
        }
    }

    public async Task SendAsync(byte[] bytes)
    {
        using var limit = new CancellationTokenSource(Deadline);
        await _tcp.GetStream().WriteAsync(bytes, limit.Token);
    }

    public async Task<byte[]> EchoAsync(byte[] bytes)
    {
        using var limit = new CancellationTokenSource(Deadline);
        var stream = _tcp.GetStream();
        var sent = stream.WriteAsync(bytes, limit.Token);
        var echoed = new byte[bytes.Length];
        await stream.ReadExactlyAsync(echoed, limit.Token);
        await sent;
        return echoed;
    }

    /// <summary>Everything up to the end of the connection, however it ends.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var limit = new CancellationTokenSource(Deadline);
        using var text = new MemoryStream();
        try
        {
            await _tcp.GetStream().CopyToAsync(text, limit.Token);
        }
        catch (IOException)
        {
            // Cut instead of closed.
        }

        return System.Text.Encoding.ASCII.GetString(text.ToArray());
    }

    public void Dispose() => _tcp.Dispose();
}
