using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Posthaste.Server.Tests.Executable;

/// <summary>The commands on a data directory, on one that a real broker has written.</summary>
public sealed class DataCommandTests
{
    private const int MessageCount = 1_500;

    [Fact]
    public async Task A_queue_is_inspected_and_exported_and_stays_as_it_is()
    {
        using var directory = await WrittenDirectoryAsync();
        for (var round = 0; round < 2; round++)
        {
            var inspected = await PosthasteProcess.RunAsync("data", "inspect", directory.Path, "--json");
            var root = JsonDocument.Parse(inspected.Output).RootElement;
            Assert.True(root.GetProperty("stoppedInOrder").GetBoolean());
            var queue = Assert.Single(root.GetProperty("queues").EnumerateArray());
            Assert.Equal("numbers", queue.GetProperty("name").GetString());
            Assert.Equal(MessageCount, queue.GetProperty("messages").GetInt32());

            var exported = await PosthasteProcess.RunAsync("data", "export", directory.Path, "--queue", "numbers");
            var bodies = exported.Output.TrimEnd().Split('\n')
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("body").GetString());
            Assert.Equal(Enumerable.Range(1, MessageCount).Select(number => number.ToString()), bodies);
        }
    }

    [Fact]
    public async Task What_another_protocol_published_is_exported_as_AMQP_shows_it()
    {
        using var directory = new TemporaryDirectory();
        using (var serve = await PosthasteProcess.ServeAsync("--data", directory.Path, "--listen", "stomp=127.0.0.1:0"))
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, serve.PortOf("stomp"));
            await using var stream = client.GetStream();
            await stream.WriteAsync(
                "CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0"u8.ToArray());
            await stream.WriteAsync(
                ("SEND\ndestination:/queue/numbers\npersistent:true\ncontent-type:text/plain\npriority:4\n" +
                "tenant:blue\nreceipt:r\n\nhello\0").Select(letter => (byte)letter).ToArray());
            using var reader = new StreamReader(stream);
            while (await reader.ReadLineAsync() is { } line && line != "receipt-id:r")
                Assert.DoesNotContain("ERROR", line, StringComparison.Ordinal);
            Assert.Equal(0, (await serve.StopAsync()).ExitCode);
        }

        var exported = await PosthasteProcess.RunAsync("data", "export", directory.Path, "--queue", "numbers");
        var message = JsonDocument.Parse(exported.Output).RootElement;
        Assert.Equal("hello", message.GetProperty("body").GetString());
        var properties = message.GetProperty("properties");
        Assert.Equal("text/plain", properties.GetProperty("contentType").GetString());
        Assert.Equal(4, properties.GetProperty("priority").GetInt32());
        Assert.Equal("blue", properties.GetProperty("headers").GetProperty("tenant").GetString());
    }

    [Fact]
    public async Task A_whole_directory_is_verified_and_a_flipped_bit_is_found()
    {
        using var directory = await WrittenDirectoryAsync();
        var whole = await PosthasteProcess.RunAsync("data", "verify", directory.Path, "--json");
        Assert.Equal(0, whole.ExitCode);
        Assert.True(JsonDocument.Parse(whole.Output).RootElement.GetProperty("ok").GetBoolean());

        FlipBit(directory, offset: 20_000);
        var damaged = await PosthasteProcess.RunAsync("data", "verify", directory.Path, "--json");
        Assert.Equal(3, damaged.ExitCode);
        var finding = JsonDocument.Parse(damaged.Output).RootElement.GetProperty("findings").EnumerateArray().First();
        Assert.Equal("damage", finding.GetProperty("kind").GetString());
        Assert.StartsWith("journal/", finding.GetProperty("file").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_runs_on_a_backup()
    {
        using var directory = await WrittenDirectoryAsync();
        using var elsewhere = new TemporaryDirectory();
        var backup = await PosthasteProcess.RunAsync("data", "backup", directory.Path, elsewhere["copy"]);
        Assert.Equal(0, backup.ExitCode);
        var again = await PosthasteProcess.RunAsync("data", "backup", directory.Path, elsewhere["copy"]);
        Assert.Equal(2, again.ExitCode);

        using var serve = await PosthasteProcess.ServeAsync("--data", elsewhere["copy"]);
        var consumed = await PosthasteProcess.RunAsync(
            "consume", "--uri", serve.Uri, "--queue", "numbers", "--count", MessageCount.ToString());
        Assert.Equal(string.Join('\n', Enumerable.Range(1, MessageCount)), consumed.Output.TrimEnd());
    }

    [Fact]
    public async Task A_directory_in_use_is_neither_verified_nor_backed_up()
    {
        using var directory = new TemporaryDirectory();
        using var serve = await PosthasteProcess.ServeAsync("--data", directory.Path);
        string[][] commands =
            [["data", "verify", directory.Path], ["data", "backup", directory.Path, directory["copy"]]];
        foreach (var arguments in commands)
        {
            var result = await PosthasteProcess.RunAsync(arguments);
            Assert.Equal(3, result.ExitCode);
            Assert.Contains("in use by another process", result.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("inspect")]
    [InlineData("verify")]
    [InlineData("export", "--queue", "numbers")]
    [InlineData("backup", "nowhere")]
    public async Task A_directory_without_data_is_refused_with_3(string command, params string[] more)
    {
        using var directory = new TemporaryDirectory();
        var empty = await PosthasteProcess.RunAsync(["data", command, directory.Path, .. more]);
        Assert.Equal(3, empty.ExitCode);
        var missing = await PosthasteProcess.RunAsync(["data", command, directory["missing"], .. more]);
        Assert.Equal(3, missing.ExitCode);
        Assert.False(Directory.Exists(directory["missing"]));
    }

    [Fact]
    public async Task An_encrypted_copy_opens_with_its_key_and_with_no_other()
    {
        using var directory = await WrittenDirectoryAsync();
        using var elsewhere = new TemporaryDirectory();
        var (key, other) = (elsewhere["key"], elsewhere["other.key"]);
        await File.WriteAllTextAsync(key, new string('1', 64) + "\n");
        await File.WriteAllTextAsync(other, new string('2', 64) + "\n");
        var encrypted = elsewhere["encrypted"];
        var backup =
            await PosthasteProcess.RunAsync("data", "backup", directory.Path, encrypted, "--target-key-file", key);
        Assert.Equal(0, backup.ExitCode);

        await AssertRefusedAsync("no key is given", "serve", "--data", encrypted);
        await AssertRefusedAsync(
            "another key", "serve", "--data", encrypted, "--set", $"EncryptionKeyFile={other}");
        await AssertRefusedAsync("no key is given", "data", "verify", encrypted);

        var rekeyed =
            await PosthasteProcess.RunAsync("data", "rekey", encrypted, "--key-file", key, "--new-key-file", other);
        Assert.Equal(0, rekeyed.ExitCode);
        await AssertRefusedAsync("another key", "data", "verify", encrypted, "--key-file", key);

        using (var serve = await PosthasteProcess.ServeAsync(
            "--data", encrypted, "--set", $"EncryptionKeyFile={other}"))
        {
            var published = await PosthasteProcess.RunAsync(
                $"{MessageCount + 1}", [], ["publish", "--uri", serve.Uri, "--queue", "numbers", "--lines"]);
            Assert.Equal(0, published.ExitCode);
            Assert.Equal(0, (await serve.StopAsync()).ExitCode);
        }

        var decrypted = elsewhere["decrypted"];
        var back = await PosthasteProcess.RunAsync(
            "data", "backup", encrypted, decrypted, "--key-file", other, "--decrypt");
        Assert.Equal(0, back.ExitCode);
        foreach (var (path, more) in ((string, string[])[])[(decrypted, []), (encrypted, ["--key-file", other])])
        {
            var exported = await PosthasteProcess.RunAsync(["data", "export", path, "--queue", "numbers", .. more]);
            Assert.Equal(MessageCount + 1, exported.Output.TrimEnd().Split('\n').Length);
        }
    }

    private static async Task AssertRefusedAsync(string because, params string[] arguments)
    {
        var result = await PosthasteProcess.RunAsync(arguments);
        Assert.Equal(3, result.ExitCode);
        Assert.Contains(because, result.Error, StringComparison.Ordinal);
    }

    private static async Task<TemporaryDirectory> WrittenDirectoryAsync()
    {
        var directory = new TemporaryDirectory();
        using var serve = await PosthasteProcess.ServeAsync("--data", directory.Path);
        var published = await PosthasteProcess.RunAsync(
            string.Join('\n', Enumerable.Range(1, MessageCount)), [],
            ["publish", "--uri", serve.Uri, "--queue", "numbers", "--lines"]);
        Assert.Equal(0, published.ExitCode);
        Assert.Equal(0, (await serve.StopAsync()).ExitCode);
        return directory;
    }

    private static void FlipBit(TemporaryDirectory directory, long offset)
    {
        var name = Directory.GetFiles(directory["journal"]).Order(StringComparer.Ordinal).First();
        using var file = new FileStream(name, FileMode.Open, FileAccess.ReadWrite);
        file.Position = offset;
        var flipped = file.ReadByte() ^ 1;
        file.Position = offset;
        file.WriteByte((byte)flipped);
    }
}
