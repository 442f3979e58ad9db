using System.Net;
using Posthaste.Server.Tests.Executable;
using Posthaste.Server.Tests.Support;

namespace Posthaste.Server.Tests.Tls;

/// <summary>Keys of TLS connections are written to a file in development, and nowhere else.</summary>
public sealed class KeyLogTests : IDisposable
{
    private readonly TemporaryDirectory _files = new();
    private readonly TestAuthority _authority = new();
    private readonly string _cert;
    private readonly string _key;

    public KeyLogTests() =>
        (_cert, _key) = TestAuthority.Write(_files.Path, "server", _authority.Issue("localhost"));

    public void Dispose()
    {
        _files.Dispose();
        _authority.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_file_gets_the_keys_if_the_setting_says_so(bool isOn)
    {
        // Of a process of its own: .NET looks at its switch once.
        using var process = await PosthasteProcess.ServeAsync(
            [("SSLKEYLOGFILE", _files["keys"])],
            "--memory", "--listen", "stomps=127.0.0.1:0", "--tls-cert", _cert, "--tls-key", _key,
            "--set", $"Tls:KeyLog={isOn}");
        using (var client = await TlsClient.ConnectAsync(
            new IPEndPoint(IPAddress.Loopback, process.PortOf("stomps")), _authority))
        {
            await client.AskAsync();
        }

        if (isOn)
        {
            await Eventually.PassesAsync(async () => Assert.Contains(
                "CLIENT_TRAFFIC_SECRET_0 ", await File.ReadAllTextAsync(_files["keys"]), StringComparison.Ordinal));
        }
        else
        {
            await process.StopAsync();
            Assert.False(File.Exists(_files["keys"]));
        }
    }

    [Theory]
    [InlineData("127.0.0.1:0", null, "TLS keys are to be logged, and SSLKEYLOGFILE names no file")]
    [InlineData("0.0.0.0:0", "keys", "TLS keys are logged in development only")]
    public async Task Where_others_could_connect_it_is_refused(string address, string? file, string reason)
    {
        (string, string)[] environment = file is null ? [] : [("SSLKEYLOGFILE", _files[file])];
        var (exitCode, _, error) = await PosthasteProcess.RunAsync("", environment,
            [
                "serve", "--memory", "--listen", "default=off", "--listen", $"stomps={address}",
                "--tls-cert", _cert, "--tls-key", _key, "--set", "Tls:KeyLog=true",
            ]);
        Assert.Equal(2, exitCode);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }
}
