using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Testing;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.Observability;

/// <summary>
/// What the real executable sends to a collector: metrics and logs, and that no collector can hold it up.
/// </summary>
public sealed class ExportTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Metrics_are_exported_from_time_to_time_and_at_the_end(bool isGrpc)
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync(isGrpc);
        await using BrokerProcess broker = Broker(
            collector, "--set", $"Otlp:Protocol={(isGrpc ? "grpc" : "http/protobuf")}");
        await broker.StartAsync();
        await PublishAsync(broker, count: 3);

        ReceivedPoint published = await Wait.ForAsync("3 published messages", () => Task.FromResult(
            collector.Points.FirstOrDefault(point => point is { Metric: "posthaste.message.published", Value: 3 })));
        Assert.Equal(("{message}", true), (published.Unit, published.IsMonotonic));
        Assert.Equal("amqp", published.Attributes["network.protocol.name"]);
        Assert.Equal("posthaste", collector.Resource["service.name"]);
        Assert.Equal("secret", collector.Key);

        await PublishAsync(broker, count: 2);
        Assert.Equal(0, await broker.StopAsync());
        Dictionary<string, ReceivedPoint> last = collector.Points.GroupBy(point => point.Metric)
            .ToDictionary(points => points.Key, points => points.First());
        Assert.Equal(5, last["posthaste.message.published"].Value);
        Assert.Equal(5, last["posthaste.message.ready"].Value);
        Assert.False(last["posthaste.message.ready"].IsMonotonic);
        Assert.True(last["posthaste.journal.commit.duration"].Value > 0);
        Assert.Equal("s", last["posthaste.journal.commit.duration"].Unit);
    }

    [Fact]
    public async Task Logs_are_exported_with_the_ids_of_their_events()
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        await using BrokerProcess broker = Broker(collector);
        await broker.StartAsync();
        await PublishAsync(broker, count: 1);
        await broker.StopAsync();

        ReceivedLog opened = Assert.Single(collector.Logs, log => log.Attributes.TryGetValue("event.id", out object? id)
            && id is 1000L);
        Assert.Equal("Opened", opened.Attributes["event.name"]);
        Assert.Equal("guest", opened.Attributes["User"]);
        Assert.Contains("opened virtual host '/'", opened.Body, StringComparison.Ordinal);

        // What the banner says on the terminal is missing in no log elsewhere.
        Assert.Contains(collector.Logs, log => log.Category == "Posthaste.Server.PosthasteBroker");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_an_endpoint_nothing_of_OpenTelemetry_is_even_loaded(bool hasEndpoint)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux says which files a process has in memory.");
        string[] settings = hasEndpoint ? ["--set", "Otlp:Endpoint=http://127.0.0.1:1"] : [];
        await using var broker = new BrokerProcess(null, settings);
        await broker.StartAsync();
        await PublishAsync(broker, count: 1);
        string loaded = await File.ReadAllTextAsync($"/proc/{broker.ProcessId}/maps");
        Assert.Equal(hasEndpoint, loaded.Contains("/OpenTelemetry", StringComparison.Ordinal));
        Assert.Contains("/Posthaste.Server.dll", loaded, StringComparison.Ordinal);
        await broker.StopAsync();
    }

    [Fact]
    public async Task What_is_not_wanted_is_not_sent()
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        await using BrokerProcess broker = Broker(collector, "--set", "Otlp:Signals=logs");
        await broker.StartAsync();
        await broker.StopAsync();
        Assert.NotEmpty(collector.Logs);
        Assert.Empty(collector.Points);
    }

    [Fact]
    public async Task A_collector_that_is_not_there_costs_nothing()
    {
        await using var broker = new BrokerProcess(
            null, "--set", "Otlp:Endpoint=http://127.0.0.1:1", "--set", "Otlp:MetricsIntervalMs=1000");
        await broker.StartAsync();
        await PublishAsync(broker, count: 1_000);
        await Wait.UntilAsync("a word of it in the log", () => Task.FromResult(
            broker.Log.Contains("do not reach the collector: ", StringComparison.Ordinal)));
        Assert.Equal(0, await broker.StopAsync());
    }

    [Fact]
    public async Task A_collector_that_does_not_answer_costs_nothing()
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync(isStuck: true);
        await using BrokerProcess broker = Broker(collector, "--set", "Otlp:TimeoutMs=60000");
        await broker.StartAsync();
        await Wait.UntilAsync("a request that hangs", () => Task.FromResult(collector.HeldCount > 0));
        await PublishAsync(broker, count: 1_000);
        Assert.Equal(0, await broker.StopAsync());
    }

    private static BrokerProcess Broker(OtlpCollector collector, params string[] settings) =>
        BrokerProcess.InTemporaryDirectory(
        [
            "--set", $"Otlp:Endpoint={collector.Address}", "--set", "Otlp:Headers=api-key=secret",
            "--set", "Otlp:MetricsIntervalMs=1000", .. settings,
        ]);

    private static async Task PublishAsync(BrokerProcess broker, int count)
    {
        var factory = new ConnectionFactory { HostName = "127.0.0.1", Port = broker.AmqpPort };
        await using IConnection connection = await factory.CreateConnectionAsync();
        await using IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.QueueDeclareAsync("exported", true, false, false);
        var properties = new BasicProperties { DeliveryMode = DeliveryModes.Persistent };
        for (int i = 0; i < count; i++)
            await channel.BasicPublishAsync("", "exported", false, properties, new byte[8]);
    }
}
