using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Posthaste.Server.Tests.Executable;
using Posthaste.Server.Tests.Support;

namespace Posthaste.Server.Tests.Tls;

/// <summary>What may be given as certificate files, and what is said about what may not.</summary>
public sealed class TlsFilesTests : IDisposable
{
    private const string Password = "swordfish";

    private readonly TemporaryDirectory _files = new();
    private readonly TestAuthority _authority = new();
    private readonly X509Certificate2 _certificate;

    public TlsFilesTests()
    {
        _certificate = _authority.Issue("localhost");
        TestAuthority.Write(_files.Path, "server", _certificate);
        TestAuthority.Write(_files.Path, "other", _authority.Issue("other"));
        _authority.Write(_files.Path);
        File.WriteAllText(
            _files["both.pem"], File.ReadAllText(_files["server.pem"]) + "\n" + File.ReadAllText(_files["server.key"]));
        File.WriteAllText(_files["encrypted.key"], _certificate.GetECDsaPrivateKey()!.ExportEncryptedPkcs8PrivateKeyPem(
            Password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1_000)));
        File.WriteAllBytes(_files["server.pfx"], _certificate.Export(X509ContentType.Pkcs12, Password));
        File.WriteAllBytes(_files["open.pfx"], _certificate.Export(X509ContentType.Pkcs12));
        File.WriteAllText(_files["empty.pem"], "");
    }

    public void Dispose()
    {
        _files.Dispose();
        _authority.Dispose();
        _certificate.Dispose();
    }

    [Theory]
    [InlineData("server.pem", "server.key", null)]
    [InlineData("both.pem", null, null)]
    [InlineData("server.pem", "encrypted.key", Password)]
    [InlineData("server.pfx", null, Password)]
    [InlineData("open.pfx", null, null)]
    public async Task Every_usual_form_is_read(string cert, string? key, string? password)
    {
        await using var broker = await StartAsync(cert, key, password);
        using var client = await TlsClient.ConnectAsync(broker.EndPointOf("echos"), _authority);
        Assert.Equal([1, 2], await client.EchoAsync([1, 2]));
    }

    [Theory]
    [InlineData("missing.pem", "server.key", null, "missing.pem: Could not find file")]
    [InlineData("server.pem", "missing.key", null, "server.pem: Could not find file")]
    [InlineData("server.pem", null, null, "server.pem: the file holds no private key")]
    [InlineData("server.pem", "other.key", null, "server.pem: ")]
    [InlineData("server.pem", "encrypted.key", null, "server.pem: its key is encrypted and there is no password")]
    [InlineData("server.pem", "encrypted.key", "wrong", "server.pem: ")]
    [InlineData("server.pfx", null, "wrong", "server.pfx: ")]
    [InlineData("empty.pem", null, null, "empty.pem: ")]
    public async Task What_can_not_be_used_ends_the_start_with_its_name_and_the_reason(
        string cert, string? key, string? password, string part)
    {
        var error = await Assert.ThrowsAsync<PosthasteConfigurationException>(() => StartAsync(cert, key, password));
        Assert.StartsWith("can't use the certificate ", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Authorities_that_hold_no_certificate_end_the_start() =>
        Assert.Contains("no certificate in PEM", await RefusedAsync(
            "--tls-cert", _files["both.pem"], "--tls-ca", _files["empty.pem"]), StringComparison.Ordinal);

    [Fact]
    public async Task Settings_that_do_not_go_together_are_named()
    {
        Assert.Contains("TLS needs a certificate", await RefusedAsync("--tls-key", "x"), StringComparison.Ordinal);
        Assert.Contains("'amqps' needs a certificate", await RefusedAsync("--listen", "amqps=127.0.0.1:0"),
            StringComparison.Ordinal);
        Assert.Contains("1 certificate files and 2 key files", await RefusedAsync(
            "--tls-cert", "a", "--tls-key", "b", "--tls-key", "c"), StringComparison.Ordinal);
        Assert.Contains("--tls-ca", await RefusedAsync(
            "--tls-cert", _files["both.pem"], "--tls-clients", "required"), StringComparison.Ordinal);
        Assert.Contains("optional or required", await RefusedAsync(
            "--tls-cert", _files["both.pem"], "--tls-clients", "perhaps"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_executable_listens_with_tls_when_it_has_a_certificate()
    {
        using var serve = await PosthasteProcess.ServeAsync(
            "--memory", "--tls-cert", _files["server.pem"], "--tls-key", _files["server.key"],
            "--listen", "amqps=127.0.0.1:0");
        Assert.Contains("listening amqps 127.0.0.1:", serve.Output, StringComparison.Ordinal);
    }

    private static async Task<string> RefusedAsync(params string[] flags)
    {
        string[] serve = ["serve", "--memory", "--listen", "default=127.0.0.1:0"];
        var result = await PosthasteProcess.RunAsync([.. serve, .. flags]);
        Assert.Equal(2, result.ExitCode);
        return result.Error;
    }

    private Task<PosthasteBroker> StartAsync(string cert, string? key, string? password) =>
        PosthasteBroker.StartAsync(options =>
        {
            options.Protocols = [EchoProtocol.As("echo")];
            options.Tls.CertificateFiles.Add(_files[cert]);
            if (key is not null) options.Tls.KeyFiles.Add(_files[key]);
            options.Tls.Password = password;
        }, TestContext.Current.CancellationToken);
}
