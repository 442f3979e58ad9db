using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Posthaste.Server.Tests.Executable;

/// <summary>The command that checks the audit log, on one that a real broker has written.</summary>
public sealed class AuditCommandTests
{
    [Fact]
    public async Task A_line_that_was_changed_is_named()
    {
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "audit.jsonl");
        var key = Path.Combine(directory.Path, "audit.key");
        await File.WriteAllBytesAsync(key, new byte[32]);
        using (var serve = await PosthasteProcess.ServeAsync(
            "--memory", "--listen", "stomp=127.0.0.1:0", "--set", $"Audit:File={file}",
            "--set", $"Audit:KeyFile={key}"))
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, serve.PortOf("stomp"));
            await using var stream = client.GetStream();
            await stream.WriteAsync(
                "CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0"u8.ToArray());
            Assert.Equal((byte)'C', stream.ReadByte());
            Assert.Equal(0, (await serve.StopAsync()).ExitCode);
        }

        var good = await PosthasteProcess.RunAsync("audit", "verify", file, "--key", key, "--json");
        Assert.Equal(0, good.ExitCode);
        var found = JsonDocument.Parse(good.Output).RootElement;
        Assert.True(found.GetProperty("ok").GetBoolean());
        Assert.Equal(2, found.GetProperty("lines").GetInt64());
        Assert.Equal(1, (await PosthasteProcess.RunAsync("audit", "verify", file)).ExitCode);

        var text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, text.Replace("guest", "ghost", StringComparison.Ordinal));
        var bad = await PosthasteProcess.RunAsync("audit", "verify", file, "--key", key);
        Assert.Equal(1, bad.ExitCode);
        Assert.Contains("line 2", bad.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await PosthasteProcess.RunAsync("audit", "verify", file + ".missing")).ExitCode);
    }
}
