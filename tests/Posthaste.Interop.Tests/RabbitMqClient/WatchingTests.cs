using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Interop.Tests.Stomp;
using Posthaste.Testing;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

/// <summary>
/// The firehose and the event exchange, seen by the .NET client while clients of every protocol are at work. On a
/// broker of its own: others would see what it switches on.
/// </summary>
public sealed class WatchingTests(BrokerFixture fixture) : IAsyncLifetime
{
    private readonly BrokerProcess _broker = BrokerProcess.InTemporaryDirectory();
    private readonly List<IConnection> _connections = [];

    public async ValueTask InitializeAsync()
    {
        fixture.SkipUnlessOwned();
        foreach (string listener in (string[])["amqp", "mqtt", "stomp", "http"])
            _broker.PortOf(listener);
        await _broker.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IConnection connection in _connections)
            await connection.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Fact]
    public async Task The_firehose_shows_what_clients_of_every_protocol_publish()
    {
        await using IChannel channel = await (await ConnectAsync("watcher")).CreateChannelAsync();
        await channel.QueueDeclareAsync("work", true, false, false);
        await channel.QueueBindAsync("work", "amq.topic", "work.#");
        await channel.QueueDeclareAsync("trace", false, true, true);
        await channel.QueueBindAsync("trace", "amq.rabbitmq.trace", "#");
        Inbox trace = await Inbox.OpenAsync(channel, "trace", autoAck: true);
        await PutAsync("vhosts/%2F", new { tracing = true });

        await using IChannel publisher = await (await ConnectAsync("publisher"))
            .CreateChannelAsync(new CreateChannelOptions(true, true));
        var properties = new BasicProperties
        {
            ContentType = "text/plain",
            Headers = new Dictionary<string, object?> { ["n"] = 1 },
        };
        await publisher.BasicPublishAsync("amq.topic", "work.amqp", false, properties, "one"u8.ToArray());
        Delivery published = await trace.NextAsync();
        Assert.Equal(("publish.amq.topic", "one"), (published.RoutingKey, published.Body));
        Assert.Equal("amq.rabbitmq.trace", published.Exchange);
        Assert.Equal("amq.topic", Text(published, "exchange_name"));
        Assert.Equal("/", Text(published, "vhost"));
        Assert.Equal("guest", Text(published, "user"));
        Assert.Equal(1, Header(published, "channel"));
        Assert.StartsWith("posthaste@", Text(published, "node"), StringComparison.Ordinal);
        Assert.Contains("->", Text(published, "connection"), StringComparison.Ordinal);
        Assert.Equal(["work.amqp"], Texts(published, "routing_keys"));
        Assert.Equal(["work"], Texts(published, "routed_queues"));
        var shown = Assert.IsType<Dictionary<string, object?>>(Header(published, "properties"));
        Assert.Equal("text/plain", Encoding.UTF8.GetString((byte[])shown["content_type"]!));
        Assert.Equal(1, Assert.IsType<Dictionary<string, object?>>(shown["headers"])["n"]);

        await PublishByMqttAsync("work/mqtt", "two");
        published = await trace.NextAsync();
        Assert.Equal(("publish.amq.topic", "two"), (published.RoutingKey, published.Body));
        Assert.Equal(["work.mqtt"], Texts(published, "routing_keys"));
        Assert.Equal(0, Header(published, "channel"));

        var (host, port) = ("127.0.0.1", _broker.PortOf("stomp"));
        using (StompSocket stomp = await StompSocket.OpenAsync(host, port))
        {
            await stomp.SendAsync("SEND\ndestination:/topic/elsewhere\n\nthree\0");
            published = await trace.NextAsync();
            Assert.Equal(("publish.amq.topic", "three"), (published.RoutingKey, published.Body));
            Assert.Empty(Texts(published, "routed_queues"));
        }

        Assert.Equal("one", Encoding.UTF8.GetString((await channel.BasicGetAsync("work", true))!.Body.Span));
        Delivery delivered = await trace.NextAsync();
        Assert.Equal(("deliver.work", "one"), (delivered.RoutingKey, delivered.Body));
        Assert.Equal(0, Header(delivered, "redelivered"));

        await PutAsync("vhosts/%2F", new { tracing = false });
        await publisher.BasicPublishAsync("amq.topic", "work.amqp", "four"u8.ToArray());
        Assert.Equal("two", Encoding.UTF8.GetString((await channel.BasicGetAsync("work", true))!.Body.Span));
        Assert.Equal(4, trace.SeenCount);
    }

    [Fact]
    public async Task Events_are_seen_by_name()
    {
        await using IChannel channel = await (await ConnectAsync("watcher")).CreateChannelAsync();
        await channel.QueueDeclareAsync("events", false, true, true);
        await channel.QueueBindAsync("events", "amq.rabbitmq.event", "#");
        Inbox events = await Inbox.OpenAsync(channel, "events", autoAck: true);

        IConnection other = await ConnectAsync("other");
        await using (IChannel busy = await other.CreateChannelAsync())
        {
            var arguments = new Dictionary<string, object?> { ["x-max-length"] = 3 };
            await busy.QueueDeclareAsync("q", true, false, false, arguments);
            await busy.QueueBindAsync("q", "amq.direct", "k");
            string tag = await busy.BasicConsumeAsync("q", true, new AsyncDefaultBasicConsumer(busy));
            await busy.BasicCancelAsync(tag);
            await busy.QueueDeleteAsync("q");
        }

        await other.CloseAsync();
        await PublishByMqttAsync("a/b", "by MQTT");
        await PutAsync("users/alice", new { password = "secret", tags = "monitoring" });

        List<Delivery> seen = [];
        while (seen.Count == 0 || seen[^1].RoutingKey != "user.tags.set")
            seen.Add(await events.NextAsync());
        Assert.All(seen, happened => Assert.Empty(happened.Bytes));
        Assert.All(seen, happened => Assert.True(happened.Properties.Timestamp.UnixTime > 0));
        Assert.All(seen, happened => Assert.IsType<long>(Header(happened, "timestamp_in_ms")));
        string[] names =
        [
            "user.authentication.success", "connection.created", "channel.created", "queue.created",
            "binding.created", "consumer.created", "consumer.deleted", "binding.deleted", "queue.deleted",
            "channel.closed", "connection.closed", "user.authentication.success", "connection.created",
            "connection.closed", "user.created", "user.tags.set",
        ];

        // Before these come the watcher's own binding and consumer; MQTT's queues come and go in between.
        Assert.Equal(names, seen.Skip(seen.FindIndex(happened => happened.RoutingKey == names[0]))
            .Where(happened => !Name(happened).StartsWith("mqtt", StringComparison.Ordinal))
            .Select(happened => happened.RoutingKey));
        Delivery created = seen.First(happened => happened.RoutingKey == "queue.created");
        Assert.Equal(("q", "/", "guest"), (Text(created, "name"), Text(created, "vhost"),
            Text(created, "user_who_performed_action")));
        Assert.Equal(3, Assert.IsType<Dictionary<string, object?>>(Header(created, "arguments"))["x-max-length"]);
        Delivery opened = seen.First(happened => happened.RoutingKey == "connection.created");
        Assert.Equal("other", Text(opened, "user_provided_name"));
        Assert.Equal("alice", Text(seen[^1], "name"));
        Assert.Equal("guest", Text(seen[^1], "user_who_performed_action"));
    }

    private async Task<IConnection> ConnectAsync(string name)
    {
        var factory = new ConnectionFactory { HostName = "127.0.0.1", Port = _broker.AmqpPort };
        IConnection connection = await factory.CreateConnectionAsync(name);
        _connections.Add(connection);
        return connection;
    }

    private async Task PublishByMqttAsync(string topic, string body)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", _broker.PortOf("mqtt"));
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(MqttPacket.Connect("watched", isClean: true).Encode());
        await ReadAsync(stream, bytes: 4);
        await stream.WriteAsync(
            MqttPacket.Publish(topic, qos: 1, false, false, packetId: 1, Encoding.UTF8.GetBytes(body)).Encode());
        await ReadAsync(stream, bytes: 4);
        await stream.WriteAsync(MqttPacket.Disconnect().Encode());
        Assert.Equal(0, await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Wait.Deadline));
    }

    private static Task ReadAsync(NetworkStream stream, int bytes) =>
        stream.ReadExactlyAsync(new byte[bytes]).AsTask().WaitAsync(Wait.Deadline);

    private async Task PutAsync(string path, object body)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String("guest:guest"u8));
        var address = new Uri($"http://127.0.0.1:{_broker.PortOf("http")}/api/{path}");
        using HttpResponseMessage answer = await client.PutAsJsonAsync(address, body);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
    }

    private static object? Header(Delivery delivery, string name) => delivery.Properties.Headers![name];

    /// <summary>Of the queue or exchange that an event is about; empty for others.</summary>
    private static string Name(Delivery delivery) =>
        delivery.Properties.Headers!.TryGetValue("name", out object? name)
            ? Encoding.UTF8.GetString((byte[])name!)
            : "";

    private static string Text(Delivery delivery, string name) =>
        Encoding.UTF8.GetString((byte[])Header(delivery, name)!);

    /// <summary>Of an array, which the client takes for null when it is empty.</summary>
    private static IEnumerable<string> Texts(Delivery delivery, string name) =>
        ((List<object?>?)Header(delivery, name) ?? []).Select(item => Encoding.UTF8.GetString((byte[])item!));
}
