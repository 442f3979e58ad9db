using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Posthaste.Server.Tests.Executable;
using Posthaste.Server.Tests.Support;
using Posthaste.Server.Tests.Tls;

namespace Posthaste.Server.Tests.Hosting;

/// <summary>What a connection costs while nothing happens on it: objects, but no block of memory.</summary>
public sealed class IdleConnectionTests : IDisposable
{
    private const int ConnectionCount = 20;

    /// <summary>
    /// The transport sometimes, by a race within its pipes, keeps a connection's last block until the connection's next
    /// byte. What is asked here is that idle connections as such hold none.
    /// </summary>
    private const int KeptByChanceMax = 3;

    private static readonly byte[] Message = new byte[1_000];

    private readonly TemporaryDirectory _files = new();
    private readonly TestAuthority _authority = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _files.Dispose();
        _authority.Dispose();
    }

    [Theory]
    [InlineData("echo")]
    [InlineData("echo-ws")]
    [InlineData("echos")]
    [InlineData("echo-wss")]
    public async Task An_idle_connection_holds_no_block(string listener)
    {
        await using var broker = await PosthasteBroker.StartAsync(options =>
        {
            options.Protocols = [EchoProtocol.OverWebSocket("echo")];
            var (cert, key) = TestAuthority.Write(_files.Path, "server", _authority.Issue("localhost"));
            options.Tls.CertificateFiles.Add(cert);
            options.Tls.KeyFiles.Add(key);
        }, Cancellation);
        var clients = new List<IDisposable>();
        for (var i = 0; i < ConnectionCount; i++) clients.Add(await EchoAsync(broker, listener));

        await Eventually.PassesAsync(() =>
        {
            Assert.InRange(broker.BlocksInUse, 0, KeptByChanceMax);
            return Task.CompletedTask;
        });
        clients.ForEach(client => client.Dispose());
    }

    private bool IsOurs(X509Certificate? shown) => shown!.Issuer == _authority.Certificate.Subject;

    /// <summary>Opens a connection that has been used, and is idle from then on.</summary>
    private async Task<IDisposable> EchoAsync(PosthasteBroker broker, string listener)
    {
        var port = broker.EndPointOf(listener).Port;
        if (listener.Contains("-ws", StringComparison.Ordinal))
        {
            var socket = new ClientWebSocket();
            socket.Options.RemoteCertificateValidationCallback = (_, shown, _, _) => IsOurs(shown);
            var scheme = listener.EndsWith("-wss", StringComparison.Ordinal) ? "wss" : "ws";
            await socket.ConnectAsync(new Uri($"{scheme}://localhost:{port}/ws"), Cancellation);
            await socket.SendAsync(Message, WebSocketMessageType.Binary, true, Cancellation);
            for (var left = Message.Length; left > 0;)
                left -= (await socket.ReceiveAsync(new byte[Message.Length], Cancellation)).Count;
            return socket;
        }

        var tcp = new TcpClient();
        await tcp.ConnectAsync(broker.EndPointOf(listener));
        Stream stream = tcp.GetStream();
        if (listener == "echos")
        {
            var tls = new SslStream(stream, false, (_, shown, _, _) => IsOurs(shown));
            await tls.AuthenticateAsClientAsync("localhost");
            stream = tls;
        }

        await stream.WriteAsync(Message, Cancellation);
        await stream.ReadExactlyAsync(new byte[Message.Length], Cancellation);
        return tcp;
    }
}
