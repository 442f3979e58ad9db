using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Posthaste.Server.Tests.Executable;
using Posthaste.Server.Tests.Support;
using Posthaste.Server.Tls;

namespace Posthaste.Server.Tests.Tls;

public sealed class TlsTests : IDisposable
{
    private readonly TemporaryDirectory _files = new();
    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _stranger = new("Stranger");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _files.Dispose();
        _authority.Dispose();
        _stranger.Dispose();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Bytes_go_both_ways_under_back_pressure(SslProtocols version)
    {
        await using var broker = await StartAsync();
        using var client = await TlsClient.ConnectAsync(
            broker.EndPointOf("echos"), _authority, protocols: version);
        Assert.Equal(version, client.Protocol);
        var bytes = RandomNumberGenerator.GetBytes(5_000_000);
        Assert.Equal(bytes, await client.EchoAsync(bytes));
    }

    [Fact]
    public async Task Older_versions_are_refused()
    {
        await using var broker = await StartAsync();
#pragma warning disable SYSLIB0039, CA5397 // What is refused here.
        await Assert.ThrowsAnyAsync<Exception>(() => TlsClient.ConnectAsync(
            broker.EndPointOf("echos"), _authority, protocols: SslProtocols.Tls11));
#pragma warning restore SYSLIB0039, CA5397
    }

    [Fact]
    public async Task With_1_3_asked_for_1_2_is_refused()
    {
        await using var broker = await StartAsync(static options => options.Tls.RequiresTls13 = true);
        using var client = await TlsClient.ConnectAsync(broker.EndPointOf("echos"), _authority);
        Assert.Equal(SslProtocols.Tls13, client.Protocol);
        await Assert.ThrowsAnyAsync<Exception>(() => TlsClient.ConnectAsync(
            broker.EndPointOf("echos"), _authority, protocols: SslProtocols.Tls12));
    }

    [Theory]
    [InlineData("echos", "echo", "h2", "echo")]
    [InlineData("echo-wss", "http/1.1", "h2", "http/1.1")]
    [InlineData("echos", "")]
    public async Task A_client_that_names_protocols_is_told_which_one_it_speaks(
        string listener, string agreed, params string[] named)
    {
        await using var broker = await StartAsync();
        using var client = await TlsClient.ConnectAsync(broker.EndPointOf(listener), _authority, inside: named);
        Assert.Equal(agreed, client.ApplicationProtocol);
    }

    [Fact]
    public async Task A_client_that_names_other_protocols_only_is_refused()
    {
        await using var broker = await StartAsync();
        await Assert.ThrowsAnyAsync<Exception>(
            () => TlsClient.ConnectAsync(broker.EndPointOf("echos"), _authority, inside: ["h2", "http/1.1"]));
    }

    [Fact]
    public async Task A_web_socket_is_spoken_over_tls()
    {
        await using var broker = await StartAsync();
        using var client = new ClientWebSocket();
        client.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            certificate!.Issuer == _authority.Certificate.Subject;
        await client.ConnectAsync(new Uri($"wss://localhost:{broker.EndPointOf("echo-wss").Port}/ws"), Cancellation);
        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Cancellation);
        var buffer = new byte[100];
        Assert.Equal(5, (await client.ReceiveAsync(buffer, Cancellation)).Count);
        await client.SendAsync(new byte[300_000], WebSocketMessageType.Binary, true, Cancellation);
        for (var left = 300_000; left > 0;) left -= (await client.ReceiveAsync(buffer, Cancellation)).Count;
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancellation);
    }

    [Theory]
    [InlineData("localhost", "localhost")]
    [InlineData("b.example", "b.example")]
    [InlineData("x.c.example", "*.c.example")]
    public async Task The_certificate_is_the_one_for_the_name_that_is_asked_for(string asked, string shown)
    {
        await using var broker = await StartAsync(options =>
        {
            Add(options.Tls, "b", _authority.Issue("b.example"));
            Add(options.Tls, "c", _authority.Issue("*.c.example"));
        });
        using var client = await TlsClient.ConnectAsync(broker.EndPointOf("echos"), _authority, asked);
        Assert.Equal(shown, client.ServerName);
    }

    [Fact]
    public async Task A_name_that_no_certificate_is_for_gets_the_first_and_the_client_refuses_it()
    {
        await using var broker = await StartAsync(options =>
            Add(options.Tls, "b", _authority.Issue("b.example")));
        await Assert.ThrowsAsync<AuthenticationException>(
            () => TlsClient.ConnectAsync(broker.EndPointOf("echos"), _authority, "z.example"));
    }

    [Fact]
    public async Task Replaced_files_are_used_by_new_connections_and_bad_ones_are_not()
    {
        using var log = new LogCapture();
        await using var broker = await StartAsync(options =>
        {
            options.Tls.ReloadInterval = TimeSpan.FromMilliseconds(20);
            options.Loggers = log;
        });
        using var before = await TlsClient.ConnectAsync(broker.EndPointOf("echos"), _authority);

        // Nobody has this certificate's key.
        TestAuthority.Write(_files.Path, "other", _authority.Issue("other.example"));
        File.Copy(_files["other.pem"], _files["server.pem"], overwrite: true);
        await Eventually.PassesAsync(() =>
        {
            const string Refused = "123 Error: changed TLS files are not used";
            Assert.Contains(log.Lines, line => line.StartsWith(Refused, StringComparison.Ordinal));
            return Task.CompletedTask;
        });
        using (var meanwhile = await TlsClient.ConnectAsync(broker.EndPointOf("echos"), _authority))
            Assert.Equal("localhost", meanwhile.ServerName);

        File.Copy(_files["other.key"], _files["server.key"], overwrite: true);
        await Eventually.PassesAsync(async () =>
        {
            using var after = await TlsClient.ConnectAsync(broker.EndPointOf("echos"), _authority, "other.example");
            Assert.Equal("other.example", after.ServerName);
        });
        Assert.Equal([1], await before.EchoAsync([1]));
    }

    [Theory]
    [InlineData(60, "121 Information: TLS certificate of CN=soon.example")]
    [InlineData(5, "122 Warning: TLS certificate of CN=soon.example ends")]
    [InlineData(-1, "122 Warning: TLS certificate of CN=soon.example ends")]
    public async Task A_certificate_that_ends_soon_is_warned_of(int daysLeft, string start)
    {
        using var log = new LogCapture();
        await using var broker = await StartAsync(options =>
        {
            Add(options.Tls, "soon", _authority.Issue("soon.example", daysLeft: daysLeft));
            options.Loggers = log;
        });
        Assert.Contains(log.Lines, line => line.StartsWith(start, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_shows_no_certificate_is_let_in_unless_one_is_required()
    {
        await using (var optional = await StartAsync(options => Trust(options.Tls)))
        {
            using var client = await TlsClient.ConnectAsync(optional.EndPointOf("whos"), _authority);
            Assert.Equal("tls, nobody", await client.AskAsync());
        }

        await using var required = await StartAsync(options => Trust(options.Tls).RequiresClientCertificate = true);
        Assert.Equal("", await AskAsync(required, null));
    }

    [Theory]
    [InlineData("known", "tls, CN=known")]
    [InlineData("expired", "")]
    [InlineData("stranger", "")]
    [InlineData("server", "")]
    public async Task A_client_is_who_its_certificate_says_if_it_can_be_trusted(string who, string answer)
    {
        await using var broker = await StartAsync(options => Trust(options.Tls));
        using var certificate = who switch
        {
            "known" => _authority.Issue("known", TestAuthority.ForClients),
            "expired" => _authority.Issue("expired", TestAuthority.ForClients, daysLeft: -1),
            "server" => _authority.Issue("server"),
            _ => _stranger.Issue("stranger", TestAuthority.ForClients),
        };
        Assert.Equal(answer, await AskAsync(broker, certificate));
    }

    [Fact]
    public async Task Who_speaks_no_tls_is_cut_and_others_go_on()
    {
        await using var broker = await StartAsync();
        using var good = await TlsClient.ConnectAsync(broker.EndPointOf("echos"), _authority);
        using var plain = await EchoClient.ConnectAsync(broker.EndPointOf("echos"));
        await plain.SendAsync("AMQP\0\0\u0009\u0001, and more than a record's head"u8.ToArray());
        await plain.ReadToEndAsync();
        Assert.Equal([1], await good.EchoAsync([1]));
    }

    [Fact]
    public async Task Without_a_certificate_there_are_no_listeners_with_tls()
    {
        await using var broker = await PosthasteBroker.StartAsync(
            options => options.Protocols = [EchoProtocol.OverWebSocket("echo")], Cancellation);
        Assert.Equal(["echo", "echo-ws"], broker.Listeners.Select(listener => listener.Name));
    }

    [Fact]
    public async Task A_plain_connection_is_known_to_be_plain()
    {
        await using var broker = await StartAsync();
        using var client = await EchoClient.ConnectAsync(broker.EndPointOf("who"));
        Assert.Equal("plain"u8.ToArray(), (await client.EchoAsync([1, 2, 3, 4, 5])));
    }

    private async Task<string> AskAsync(PosthasteBroker broker, X509Certificate2? certificate)
    {
        try
        {
            using var client = await TlsClient.ConnectAsync(
                broker.EndPointOf("whos"), _authority, certificate: certificate);
            return await client.AskAsync();
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            return "";
        }
    }

    private TlsOptions Trust(TlsOptions tls)
    {
        tls.ClientAuthorityFile = _authority.Write(_files.Path);
        return tls;
    }

    private void Add(TlsOptions tls, string name, X509Certificate2 certificate)
    {
        var (cert, key) = TestAuthority.Write(_files.Path, name, certificate);
        tls.CertificateFiles.Add(cert);
        tls.KeyFiles.Add(key);
        certificate.Dispose();
    }

    private Task<PosthasteBroker> StartAsync(Action<PosthasteOptions>? configure = null) =>
        PosthasteBroker.StartAsync(options =>
        {
            options.Protocols =
            [
                EchoProtocol.OverWebSocket("echo"), EchoProtocol.As("who", new EchoProtocol { SaysWho = true }),
            ];
            Add(options.Tls, "server", _authority.Issue("localhost"));
            configure?.Invoke(options);
        }, Cancellation);
}
