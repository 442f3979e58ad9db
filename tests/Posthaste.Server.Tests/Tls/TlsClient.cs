using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Posthaste.Server.Tests.Tls;

/// <summary>A client that trusts one authority, may show a certificate, and says what happened.</summary>
internal sealed class TlsClient : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TcpClient _tcp = new();
    private readonly CancellationTokenSource _limit = new(Deadline);
    private SslStream _tls = null!;

    public string ServerName => ((X509Certificate2)_tls.RemoteCertificate!).GetNameInfo(X509NameType.SimpleName, false);

    public SslProtocols Protocol => _tls.SslProtocol;

    /// <summary>What was agreed on by ALPN; empty if nothing was.</summary>
    public string ApplicationProtocol => _tls.NegotiatedApplicationProtocol.ToString();

    public static async Task<TlsClient> ConnectAsync(
        IPEndPoint endPoint, TestAuthority authority, string serverName = "localhost",
        X509Certificate2? certificate = null, SslProtocols protocols = SslProtocols.None, params string[] inside)
    {
        var client = new TlsClient();
        try
        {
            await client.HandshakeAsync(endPoint, authority, serverName, certificate, protocols, inside);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public async Task<byte[]> EchoAsync(byte[] bytes)
    {
        var sent = _tls.WriteAsync(bytes, _limit.Token);
        var echoed = new byte[bytes.Length];
        await _tls.ReadExactlyAsync(echoed, _limit.Token);
        await sent;
        return echoed;
    }

    /// <summary>What the server answers, once; empty when it ends the connection, however.</summary>
    public async Task<string> AskAsync()
    {
        try
        {
            var answer = new byte[200];
            await _tls.WriteAsync("?"u8.ToArray(), _limit.Token);
            var count = await _tls.ReadAsync(answer, _limit.Token);
            return Encoding.UTF8.GetString(answer, 0, count);
        }
        catch (IOException)
        {
            // With TLS 1.3 a server refuses a client's certificate after the client's handshake has ended.
            return "";
        }
    }

    public void Dispose()
    {
        _tls?.Dispose();
        _tcp.Dispose();
        _limit.Dispose();
    }

    private async Task HandshakeAsync(
        IPEndPoint endPoint, TestAuthority authority, string serverName, X509Certificate2? certificate,
        SslProtocols protocols, string[] inside)
    {
        await _tcp.ConnectAsync(endPoint);
        _tls = new SslStream(_tcp.GetStream());
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        trust.CustomTrustStore.Add(authority.Certificate);
        await _tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = serverName,
                EnabledSslProtocols = protocols,
                ApplicationProtocols = inside.Length == 0
                    ? null
                    : [.. inside.Select(static name => new SslApplicationProtocol(name))],
                CertificateChainPolicy = trust,
                ClientCertificateContext =
                    certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
            },
            _limit.Token);
    }
}
