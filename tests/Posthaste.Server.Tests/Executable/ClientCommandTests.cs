using System.Text.Json;

namespace Posthaste.Server.Tests.Executable;

/// <summary>The commands that talk to a broker, with a real one at the other end.</summary>
public sealed class ClientCommandTests
{
    [Fact]
    public async Task Without_arguments_it_teaches()
    {
        var result = await PosthasteProcess.RunAsync();
        Assert.Equal(0, result.ExitCode);
        Assert.All(["serve", "publish", "consume", "bench", "data"], command =>
            Assert.Contains($"\n  {command}", result.Output, StringComparison.Ordinal));
        Assert.Contains("Examples:", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_confirmed_is_there_after_a_crash_of_the_broker()
    {
        using var directory = new TemporaryDirectory();
        var lines = string.Join('\n', Enumerable.Range(1, 2_500));
        using (var serve = await PosthasteProcess.ServeAsync("--data", directory.Path))
        {
            var published = await PosthasteProcess.RunAsync(
                lines, [], ["publish", "--uri", serve.Uri, "--queue", "numbers", "--lines", "--json"]);
            Assert.Equal(0, published.ExitCode);
            Assert.Equal(2_500, JsonDocument.Parse(published.Output).RootElement.GetProperty("confirmed").GetInt32());
            await serve.KillAsync();
        }

        using (var serve = await PosthasteProcess.ServeAsync("--data", directory.Path))
        {
            var consumed =
                await PosthasteProcess.RunAsync("consume", "--uri", serve.Uri, "--queue", "numbers", "--count", "2500");
            Assert.Equal(lines, consumed.Output.TrimEnd());
        }
    }

    [Fact]
    public async Task A_message_arrives_with_its_properties()
    {
        using var serve = await PosthasteProcess.ServeAsync("--memory");
        await PosthasteProcess.RunAsync(
            "publish", "--uri", serve.Uri, "--queue", "orders", "{\"id\":1}",
            "--header", "tenant=acme", "--content-type", "application/json", "--priority", "7");
        var consumed = await PosthasteProcess.RunAsync(
            "consume", "--uri", serve.Uri, "--queue", "orders", "--count", "1", "--json");

        var message = JsonDocument.Parse(consumed.Output).RootElement;
        var properties = message.GetProperty("properties");
        Assert.Equal("{\"id\":1}", message.GetProperty("body").GetString());
        Assert.Equal("orders", message.GetProperty("routingKey").GetString());
        Assert.Equal("application/json", properties.GetProperty("contentType").GetString());
        Assert.Equal(7, properties.GetProperty("priority").GetInt32());
        Assert.Equal(2, properties.GetProperty("deliveryMode").GetInt32());
        Assert.Equal("acme", properties.GetProperty("headers").GetProperty("tenant").GetString());
    }

    [Fact]
    public async Task A_message_that_was_peeked_at_stays()
    {
        using var serve = await PosthasteProcess.ServeAsync("--memory");
        await PosthasteProcess.RunAsync("publish", "--uri", serve.Uri, "--queue", "orders", "x");
        string[] consume = ["consume", "--uri", serve.Uri, "--queue", "orders", "--count", "1", "--json"];
        var peeked = await PosthasteProcess.RunAsync([.. consume, "--peek"]);
        var consumed = await PosthasteProcess.RunAsync(consume);
        Assert.False(JsonDocument.Parse(peeked.Output).RootElement.GetProperty("redelivered").GetBoolean());
        Assert.True(JsonDocument.Parse(consumed.Output).RootElement.GetProperty("redelivered").GetBoolean());
    }

    [Fact]
    public async Task A_message_that_reaches_no_queue_is_an_error()
    {
        using var serve = await PosthasteProcess.ServeAsync("--memory");
        var result = await PosthasteProcess.RunAsync(
            "publish", "--uri", serve.Uri, "--exchange", "amq.topic", "--key", "a", "x");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("reached no queue: NO_ROUTE", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exchange_that_is_not_there_is_an_error_in_the_brokers_words()
    {
        using var serve = await PosthasteProcess.ServeAsync("--memory");
        var result =
            await PosthasteProcess.RunAsync("publish", "--uri", serve.Uri, "--exchange", "nope", "--key", "a", "x");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("404 NOT_FOUND - no exchange 'nope' in vhost '/'", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("publish", "x")]
    [InlineData("publish", "--queue", "q", "--exchange", "e", "x")]
    [InlineData("publish", "--queue", "q", "--count", "0", "x")]
    [InlineData("publish", "--queue", "q", "--header", "novalue", "x")]
    [InlineData("publish", "--queue", "q", "--uri", "http://example.com", "x")]
    [InlineData("consume")]
    [InlineData("consume", "--queue", "q", "--count", "0")]
    [InlineData("bench", "--seconds", "0")]
    [InlineData("data")]
    [InlineData("data", "export", "somewhere")]
    public async Task Wrong_usage_ends_with_2(params string[] arguments)
    {
        var result = await PosthasteProcess.RunAsync(arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("posthaste: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_is_not_there_is_named()
    {
        var result = await PosthasteProcess.RunAsync("publish", "--uri", "amqp://127.0.0.1:1", "--queue", "q", "x");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith(
            "posthaste: can't connect to amqp://guest@127.0.0.1:1/", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bench_measures_and_leaves_nothing_behind()
    {
        using var directory = new TemporaryDirectory();
        using var serve = await PosthasteProcess.ServeAsync("--data", directory.Path);
        var result = await PosthasteProcess.RunAsync("bench", "--uri", serve.Uri, "--seconds", "1", "--json");
        Assert.Equal(0, result.ExitCode);
        var measured = JsonDocument.Parse(result.Output).RootElement;
        Assert.True(measured.GetProperty("publishedPerSecond").GetDouble() > 0);
        Assert.True(measured.GetProperty("consumedPerSecond").GetDouble() > 0);
        Assert.True(measured.GetProperty("latencyMs_p50").GetDouble() > 0);
        await serve.StopAsync();

        var inspected = await PosthasteProcess.RunAsync("data", "inspect", directory.Path, "--json");
        Assert.Equal(0, JsonDocument.Parse(inspected.Output).RootElement.GetProperty("queues").GetArrayLength());
    }
}
