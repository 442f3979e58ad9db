using System.Net.Sockets;
using System.Text;

namespace Posthaste.Interop.Tests.Stomp;

/// <summary>A socket that sends whatever it is told to, and reads what comes as text.</summary>
internal sealed class StompSocket : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(40);

    private readonly TcpClient _client = new() { NoDelay = true };

    public static async Task<StompSocket> ConnectAsync(string host, int port)
    {
        var socket = new StompSocket();
        await socket._client.ConnectAsync(host, port);
        return socket;
    }

    /// <summary>Connects and logs in.</summary>
    public static async Task<StompSocket> OpenAsync(string host, int port, string version = "1.2")
    {
        StompSocket socket = await ConnectAsync(host, port);
        await socket.SendAsync($"CONNECT\naccept-version:{version}\nhost:/\nlogin:guest\npasscode:guest\n\n\0");
        string connected = await socket.ReadFrameAsync();
        Assert.StartsWith("CONNECTED\n", connected, StringComparison.Ordinal);
        return socket;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public Task SendAsync(byte[] bytes) =>
        _client.GetStream().WriteAsync(bytes).AsTask().WaitAsync(Deadline);

    /// <summary>Sends, and does not mind if the broker has closed meanwhile.</summary>
    public async Task TrySendAsync(byte[] bytes)
    {
        try
        {
            await SendAsync(bytes);
        }
        catch (IOException)
        {
            // What the broker had to say is what the test reads.
        }
    }

    /// <summary>Text up to a NUL, without the ends of line before it.</summary>
    public async Task<string> ReadFrameAsync()
    {
        var frame = new List<byte>();
        byte[] one = new byte[1];
        while (await _client.GetStream().ReadAsync(one).AsTask().WaitAsync(Deadline) > 0)
        {
            if (one[0] == 0)
                return Encoding.UTF8.GetString([.. frame]).TrimStart('\n');
            frame.Add(one[0]);
        }

        throw new EndOfStreamException($"closed after \"{Encoding.UTF8.GetString([.. frame])}\"");
    }

    /// <summary>Everything until the broker closes; also if it cuts the connection.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var all = new MemoryStream();
        try
        {
            await _client.GetStream().CopyToAsync(all).WaitAsync(Deadline);
        }
        catch (IOException)
        {
            // Reset: what came before counts.
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    public void Dispose() => _client.Dispose();
}
