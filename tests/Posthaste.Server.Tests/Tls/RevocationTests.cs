using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Posthaste.Server.Tests.Executable;
using Posthaste.Server.Tests.Support;

namespace Posthaste.Server.Tests.Tls;

/// <summary>Client certificates that their authority has taken back: by lists in a file, and by asking.</summary>
public sealed class RevocationTests : IDisposable
{
    private readonly TemporaryDirectory _files = new();
    private readonly TestAuthority _authority = new();
    private readonly LogCapture _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _files.Dispose();
        _authority.Dispose();
        _log.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_is_in_the_list_is_refused_and_others_are_not(bool isPem)
    {
        using var good = _authority.Issue("good", TestAuthority.ForClients);
        using var bad = _authority.Issue("bad", TestAuthority.ForClients);
        WriteList(_authority.Revoke(daysLeft: 1, bad), isPem);
        await using var broker = await StartAsync();
        Assert.Equal("tls, CN=good", await AskAsync(broker, good));
        Assert.Equal("", await AskAsync(broker, bad));
        Assert.Contains("the certificate of CN=bad has been revoked", Refusals, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_that_is_replaced_counts_for_new_connections()
    {
        using var client = _authority.Issue("client", TestAuthority.ForClients);
        WriteList(_authority.Revoke(daysLeft: 1));
        await using var broker = await StartAsync();
        Assert.Equal("tls, CN=client", await AskAsync(broker, client));
        WriteList(_authority.Revoke(daysLeft: 1, client));
        await Eventually.PassesAsync(async () => Assert.Equal("", await AskAsync(broker, client)));
    }

    [Fact]
    public async Task Without_a_list_that_counts_nobody_comes_in()
    {
        using var client = _authority.Issue("client", TestAuthority.ForClients);
        WriteList(_authority.Revoke(daysLeft: -1));
        await using (var broker = await StartAsync()) Assert.Equal("", await AskAsync(broker, client));
        Assert.Contains("the revocation list of CN=Test Authority ended at", Refusals, StringComparison.Ordinal);

        // Of the same name, signed by somebody else.
        using var impostor = new TestAuthority();
        WriteList(impostor.Revoke(daysLeft: 1));
        await using (var broker = await StartAsync()) Assert.Equal("", await AskAsync(broker, client));
        Assert.Contains("there is no revocation list of CN=Test Authority", Refusals, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN X509 CRL-----\nMAMCAQA=\n-----END X509 CRL-----\n")]
    public async Task A_file_that_holds_no_list_ends_the_start(string text)
    {
        File.WriteAllText(_files["list"], text);
        var exception = await Assert.ThrowsAsync<PosthasteConfigurationException>(() => StartAsync());
        Assert.StartsWith(
            $"can't use the revocation lists {_files["list"]}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_server_that_a_certificate_names_is_asked()
    {
        using var lists = new ListServer();
        using var good = _authority.Issue("good", TestAuthority.ForClients, listAt: lists.Uri);
        using var bad = _authority.Issue("bad", TestAuthority.ForClients, listAt: lists.Uri);
        lists.List = _authority.Revoke(daysLeft: 1, bad);
        await using var broker = await StartAsync(asksOnline: true);
        Assert.Equal("tls, CN=good", await AskAsync(broker, good));
        Assert.Equal("", await AskAsync(broker, bad));

        // One that names no server can't be looked up, and is refused.
        using var silent = _authority.Issue("silent", TestAuthority.ForClients);
        Assert.Equal("", await AskAsync(broker, silent));
    }

    private string Refusals =>
        string.Join('\n', _log.Lines.Where(static line => line.StartsWith("125 ", StringComparison.Ordinal)));

    private void WriteList(byte[] list, bool isPem = true)
    {
        if (isPem) File.WriteAllText(_files["list"], new string(PemEncoding.Write("X509 CRL", list)));
        else File.WriteAllBytes(_files["list"], list);
    }

    private async Task<string> AskAsync(PosthasteBroker broker, X509Certificate2 certificate)
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

    private Task<PosthasteBroker> StartAsync(bool asksOnline = false) => PosthasteBroker.StartAsync(
        options =>
        {
            options.Protocols = [EchoProtocol.As("who", new EchoProtocol { SaysWho = true })];
            var (cert, key) = TestAuthority.Write(_files.Path, "server", _authority.Issue("localhost"));
            options.Tls.CertificateFiles.Add(cert);
            options.Tls.KeyFiles.Add(key);
            options.Tls.ClientAuthorityFile = _authority.Write(_files.Path);
            options.Tls.AsksForRevocation = asksOnline;
            if (!asksOnline) options.Tls.RevocationListFile = _files["list"];
            options.Tls.ReloadInterval = TimeSpan.FromMilliseconds(50);
            options.Loggers = _log;
        },
        Cancellation);

    /// <summary>An authority's web server: each certificate's list is at an address of its own, so that none is
    /// remembered from another run.</summary>
    private sealed class ListServer : IDisposable
    {
        private readonly HttpListener _listener = new();

        public ListServer()
        {
            var port = FreePort();
            Uri = $"http://127.0.0.1:{port}/{Guid.NewGuid():n}.crl";
            _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            _listener.Start();
            _ = ServeAsync();
        }

        public string Uri { get; }

        public byte[] List { get; set; } = [];

        public void Dispose() => _listener.Close();

        private static int FreePort()
        {
            using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            return ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    await context.Response.OutputStream.WriteAsync(List);
                    context.Response.Close();
                }
            }
            catch (Exception e) when (e is ObjectDisposedException or HttpListenerException)
            {
                // Closed.
            }
        }
    }
}
