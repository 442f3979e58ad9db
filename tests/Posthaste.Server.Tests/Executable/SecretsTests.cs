using System.Net.Http.Headers;
using System.Text;
using Posthaste.Server.Tests.Support;

namespace Posthaste.Server.Tests.Executable;

/// <summary>No password, token or key is in what a broker logs, prints, records or shows, right or wrong.</summary>
public sealed class SecretsTests : IDisposable
{
    private const string Password = "S3cret-default";
    private const string Wrong = "S3cret-wrong";
    private const string New = "S3cret-new";
    private const string InAddress = "S3cret-address";
    private const string Token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJTM2NyZXQifQ.UzNjcmV0";

    private readonly TemporaryDirectory _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task What_is_logged_printed_recorded_and_shown_has_none()
    {
        using var process = await PosthasteProcess.ServeAsync(
            [("POSTHASTE__DEFAULTUSER", "ops"), ("POSTHASTE__DEFAULTPASSWORD", Password)],
            "--memory", "--log", "Trace", "--listen", "http=127.0.0.1:0", "--listen", "stomp=127.0.0.1:0",
            "--set", $"Audit:File={_files["audit"]}", "--set", "OAuth:ResourceServerId=x",
            "--set", $"OAuth:Keys=http://u:{InAddress}@127.0.0.1:9/keys?token={InAddress}");
        var shown = new StringBuilder();
        foreach (var password in (string[])[Password, Wrong, Token])
        {
            using var client = await EchoClient.ConnectAsync(
                new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, process.PortOf("stomp")));
            await client.SendAsync(Encoding.UTF8.GetBytes(
                $"CONNECT\naccept-version:1.2\nhost:/\nlogin:ops\npasscode:{password}\n\n\0DISCONNECT\n\n\0"));
            shown.Append(await client.ReadToEndAsync());
            await PosthasteProcess.RunAsync(
                "publish", "q", "x", "--uri", $"amqp://ops:{password}@127.0.0.1:{process.Port}/");
            shown.Append(await AskAsync(process, HttpMethod.Get, "whoami", password));
        }

        shown.Append(await AskAsync(
            process, HttpMethod.Put, "users/ann", Password, $$"""{"password":"{{New}}","tags":""}"""));
        foreach (var path in (string[])["overview", "nodes", "connections", "users", "definitions", "parameters"])
            shown.Append(await AskAsync(process, HttpMethod.Get, path, Password));
        var api = $"http://ops:{Password}@127.0.0.1:{process.PortOf("http")}";
        foreach (var command in (string[])["status", "doctor", "users"])
        {
            var result = await PosthasteProcess.RunAsync(command, "--api", api);
            shown.Append(result.Output).Append(result.Error);
        }

        var (_, output, error) = await process.StopAsync();
        shown.Append(output).Append(error).Append(await File.ReadAllTextAsync(_files["audit"]));
        var text = shown.ToString();

        // It has been through all of that.
        Assert.Contains("LoginSucceeded", text, StringComparison.Ordinal);
        Assert.Contains("LoginFailed", text, StringComparison.Ordinal);
        Assert.Contains("\"ann\"", text, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:9", text, StringComparison.Ordinal);
        foreach (var secret in (string[])[Password, Wrong, New, InAddress, Token])
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
    }

    private static async Task<string> AskAsync(
        PosthasteProcess process, HttpMethod method, string path, string password, string? body = null)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(method, $"http://127.0.0.1:{process.PortOf("http")}/api/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"ops:{password}")));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }
}
