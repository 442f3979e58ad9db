using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Posthaste.Server.Tests.Executable;

/// <summary><c>posthaste serve</c> as a supervisor sees it: its output, its exit codes, its signals.</summary>
public sealed class ServeTests
{
    [Fact]
    public async Task It_says_what_listens_where_and_that_it_is_ready_and_stops_in_order()
    {
        using var directory = new TemporaryDirectory();
        using var serve = await PosthasteProcess.ServeAsync("--data", directory["data"]);
        using (var client = new TcpClient()) await client.ConnectAsync(IPAddress.Loopback, serve.Port);

        var result = await serve.StopAsync();
        Assert.Equal(0, result.ExitCode);
        string[] expected = ["posthaste", "listening amqp 127.0.0.1:", "data", "durable   always", "recovered", "ready",
            "stopping", "stopped"];
        var lines = result.Output.Split('\n');
        Assert.All(expected, start => Assert.Contains(lines, line => line.StartsWith(start, StringComparison.Ordinal)));
        Assert.Contains(directory["data"], result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_takes_definitions_in_before_it_is_ready()
    {
        using var directory = new TemporaryDirectory();
        var file = directory["definitions.json"];
        await File.WriteAllTextAsync(file, """{"vhosts":[{"name":"shop"}]}""", TestContext.Current.CancellationToken);
        using var serve = await PosthasteProcess.ServeAsync("--data", directory["data"], "--definitions", file);
        var result = await serve.StopAsync();
        Assert.Equal(0, result.ExitCode);
        Assert.Contains($"defined   {file}", result.Output, StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, """{"vhosts":[{}]}""", TestContext.Current.CancellationToken);
        result = await PosthasteProcess.RunAsync("serve", "--data", directory["data"], "--definitions", file);
        Assert.Equal(2, result.ExitCode);
        Assert.EndsWith(
            $"posthaste: definitions {file}: vhost '': name is missing\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_memory_it_says_that_nothing_survives()
    {
        using var serve = await PosthasteProcess.ServeAsync("--memory");
        var result = await serve.StopAsync();
        Assert.Contains("durable   no: nothing survives this process", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--lisen", "amqp=127.0.0.1:0")]
    [InlineData("--listen", "127.0.0.1:0")]
    [InlineData("--listen", "amqp=nowhere")]
    [InlineData("--listen", "default=5672")]
    [InlineData("--ws-origins", "shop.example")]
    [InlineData("--set", "MessageBytesMax=1")]
    [InlineData("--set", "NoSuchLimit=1")]
    [InlineData("--set", "JournalBytesMax=5MiB")]
    [InlineData("--log", "loud")]
    [InlineData("--log-format", "xml")]
    [InlineData("--set", "Otlp:Endpoint=collector")]
    [InlineData("--config", "no-such-file.json")]
    [InlineData("--definitions", "no-such-file.json")]
    [InlineData("--set", "DefinitionsSkipIfUnchanged=perhaps")]
    [InlineData("--data", "somewhere")]
    public async Task A_wrong_flag_ends_it_with_2_and_one_line(string flag, string value)
    {
        var result = await PosthasteProcess.RunAsync("serve", "--memory", flag, value);
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("posthaste: ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("ready", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_listener_is_refused_with_the_known_ones()
    {
        var result = await PosthasteProcess.RunAsync("serve", "--memory", "--listen", "smtp=127.0.0.1:25");
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("posthaste: 'smtp' is no listener; these are: amqp", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_would_listen_nowhere_ends_with_2()
    {
        var result = await PosthasteProcess.RunAsync("serve", "--memory", "--listen", "default=off");
        Assert.Equal(2, result.ExitCode);
        Assert.Equal("posthaste: every listener is off; a broker has to listen somewhere\n", result.Error);
    }

    [Fact]
    public async Task A_wrong_variable_of_the_environment_ends_it_with_2()
    {
        var result = await PosthasteProcess.RunAsync("", [("POSTHASTE__MEMORY", "perhaps")], ["serve"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("it has to be true or false", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_file_that_is_no_json_ends_it_with_2()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["broken.json"], "{ \"Posthaste\": ");
        var result = await PosthasteProcess.RunAsync("serve", "--memory", "--config", directory["broken.json"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("broken.json", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_file_is_read()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(
            directory["good.json"], """{ "Posthaste": { "Data": "ignored", "Memory": "true" } }""");
        var result = await PosthasteProcess.RunAsync("serve", "--config", directory["good.json"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(
            "Posthaste:Memory and Posthaste:Data exclude each other", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_in_use_ends_it_with_3()
    {
        using var directory = new TemporaryDirectory();
        using var first = await PosthasteProcess.ServeAsync("--data", directory.Path);
        var result = await PosthasteProcess.RunAsync(
            "serve", "--data", directory.Path, "--listen", "default=127.0.0.1:0");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("in use by another process", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_without_a_valid_identity_ends_it_with_3()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["format"], "something else\n");
        var result = await PosthasteProcess.RunAsync(
            "serve", "--data", directory.Path, "--listen", "default=127.0.0.1:0");
        Assert.Equal(3, result.ExitCode);
    }

    [Fact]
    public async Task An_address_in_use_ends_it_with_4_and_its_name()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var result = await PosthasteProcess.RunAsync("serve", "--memory", "--listen", $"amqp={taken.LocalEndpoint}");
        Assert.Equal(4, result.ExitCode);
        Assert.Equal(
            $"posthaste: can't listen for amqp on {taken.LocalEndpoint}: the address is in use by another process\n",
            result.Error);
    }

    [Fact]
    public async Task For_log_shippers_each_entry_is_a_json_object()
    {
        using var serve = await PosthasteProcess.ServeAsync(
            "--memory", "--log-format", "json", "--listen", "stomp=127.0.0.1:0");
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, serve.PortOf("stomp"));
            await client.GetStream().WriteAsync("NONSENSE\n\n\0"u8.ToArray());
            var buffer = new byte[1_024];
            while (await client.GetStream().ReadAsync(buffer) > 0)
            {
                // Until the broker has said what is wrong, and closed.
            }
        }

        var lines = (await serve.StopAsync()).Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var entries = lines.Select(line => JsonNode.Parse(line)!.AsObject()).ToList();
        var failed = Assert.Single(entries, entry => (int)entry["EventId"]! == 1202);
        Assert.Equal("Warning", (string)failed["LogLevel"]!);
        Assert.EndsWith("Z", (string)failed["Timestamp"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_verbose_a_failure_shows_where_it_came_from()
    {
        var result = await PosthasteProcess.RunAsync("serve", "--memory", "--listen", "smtp=127.0.0.1:25", "--verbose");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("   at Posthaste.", result.Error, StringComparison.Ordinal);
    }
}
