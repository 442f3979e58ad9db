using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Interop.Tests.Stomp;
using Posthaste.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Posthaste.Interop.Tests.VirtualHosts;

/// <summary>
/// A virtual host is deleted over HTTP under the clients that are in it. Each hears it in its protocol's words, and
/// those elsewhere hear nothing. The broker is the test's own.
/// </summary>
public sealed class DeletionTests(BrokerFixture broker) : IAsyncLifetime
{
    private const string Name = "doomed";
    private const string Reason = "vhost 'doomed' is deleted";

    /// <summary>MQTT 5, section 3.14.2.1: administrative action.</summary>
    private const byte AdministrativeAction = 0x98;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly BrokerProcess _process = BrokerProcess.InTemporaryDirectory();
    private readonly HttpClient _http = new();

    public async ValueTask InitializeAsync()
    {
        broker.SkipUnlessOwned();
        foreach (var listener in (string[])["mqtt", "stomp", "http"]) _process.PortOf(listener);
        await _process.StartAsync();
        _http.BaseAddress = new Uri($"http://127.0.0.1:{_process.PortOf("http")}/api/");
        _http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String("guest:guest"u8));
        using var made = await _http.PutAsync($"vhosts/{Name}", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    [Fact]
    public async Task Clients_of_every_protocol_are_closed_in_its_words_and_others_are_not()
    {
        await using var doomed = await ConnectAsync(Name);
        await using var other = await ConnectAsync("/");
        await using var channel = await doomed.CreateChannelAsync();
        await channel.QueueDeclareAsync("q", durable: true, exclusive: false, autoDelete: false);
        await channel.BasicPublishAsync("", "q", "lost"u8.ToArray());
        await channel.BasicConsumeAsync("q", autoAck: false, new AsyncEventingBasicConsumer(channel));
        var closed = new TaskCompletionSource<ShutdownEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        doomed.ConnectionShutdownAsync += (_, reason) =>
        {
            closed.TrySetResult(reason);
            return Task.CompletedTask;
        };
        using var mqtt = await OpenMqttAsync(5);
        using var mqtt311 = await OpenMqttAsync(4);
        using var stomp = await StompSocket.ConnectAsync("127.0.0.1", _process.PortOf("stomp"));
        await stomp.SendAsync($"CONNECT\naccept-version:1.2\nhost:{Name}\nlogin:guest\npasscode:guest\n\n\0");
        Assert.StartsWith("CONNECTED\n", await stomp.ReadFrameAsync(), StringComparison.Ordinal);
        await stomp.SendAsync("SUBSCRIBE\nid:0\ndestination:/queue/q2\nreceipt:r\n\n\0");
        Assert.StartsWith("RECEIPT\n", await stomp.ReadFrameAsync(), StringComparison.Ordinal);

        await DeleteAsync();

        var shutdown = await closed.Task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
        Assert.Equal(
            (320, $"CONNECTION_FORCED - {Reason}"), (shutdown.ReplyCode, shutdown.ReplyText));
        var disconnect = await ReadAllAsync(mqtt);
        Assert.Equal([0xE0, AdministrativeAction], [disconnect[0], disconnect[2]]);
        Assert.Contains(Reason, Encoding.UTF8.GetString(disconnect), StringComparison.Ordinal);
        Assert.Empty(await ReadAllAsync(mqtt311));
        var error = await stomp.ReadFrameAsync();
        Assert.StartsWith("ERROR\nmessage:connection_forced\n", error, StringComparison.Ordinal);
        Assert.Contains(Reason, error, StringComparison.Ordinal);
        Assert.Equal("", await stomp.ReadToEndAsync());

        Assert.True(other.IsOpen);
        await using var alive = await other.CreateChannelAsync();
        await alive.QueueDeclareAsync("still", durable: true, exclusive: false, autoDelete: false);
    }

    [Fact]
    public async Task One_of_the_same_name_is_empty_also_after_a_kill_and_nobody_logs_in_to_one_that_is_gone()
    {
        await using (var doomed = await ConnectAsync(Name))
        {
            await using var channel = await doomed.CreateChannelAsync(new CreateChannelOptions(true, true));
            await channel.QueueDeclareAsync("q", durable: true, exclusive: false, autoDelete: false);
            var properties = new BasicProperties { Persistent = true };
            for (var i = 0; i < 100; i++)
                await channel.BasicPublishAsync("", "q", mandatory: true, properties, new byte[1_000]);
        }

        await DeleteAsync();
        await _process.KillAsync();
        await _process.StartAsync();

        // The client does not wait for connection.open-ok, so it hears of the refusal a moment later.
        await using var refused = await ConnectAsync(Name);
        await Wait.UntilAsync("the connection to close", () => Task.FromResult(refused.CloseReason is not null));
        var reason = refused.CloseReason!;
        Assert.Equal((530, "NOT_ALLOWED - vhost doomed not found"), (reason.ReplyCode, reason.ReplyText));

        using var made = await _http.PutAsync($"vhosts/{Name}", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        await using var again = await ConnectAsync(Name);
        await using var empty = await again.CreateChannelAsync();
        var declared = await empty.QueueDeclareAsync("q", durable: true, exclusive: false, autoDelete: false);
        Assert.Equal(0u, declared.MessageCount);
    }

    private async Task DeleteAsync()
    {
        using var answer = await _http.DeleteAsync($"vhosts/{Name}", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    private Task<IConnection> ConnectAsync(string host) => new ConnectionFactory
    {
        HostName = "127.0.0.1",
        Port = _process.AmqpPort,
        VirtualHost = host,
        AutomaticRecoveryEnabled = false,
        ContinuationTimeout = Deadline,
        RequestedConnectionTimeout = Deadline,
    }.CreateConnectionAsync(TestContext.Current.CancellationToken);

    /// <summary>A socket that has been accepted by CONNACK.</summary>
    /// <param name="level">4 for MQTT 3.1.1, 5 for MQTT 5.</param>
    private async Task<TcpClient> OpenMqttAsync(byte level)
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, _process.PortOf("mqtt"), TestContext.Current.CancellationToken);
        byte[] body =
        [
            .. Text("MQTT"), level, 0xC2, 0, 0,
            .. level == 5 ? new byte[] { 0 } : [],
            .. Text($"client {level}"), .. Text($"{Name}:guest"), .. Text("guest"),
        ];
        await client.GetStream().WriteAsync((byte[])[0x10, (byte)body.Length, .. body]);
        var head = new byte[2];
        await client.GetStream().ReadExactlyAsync(head).AsTask().WaitAsync(Deadline);
        var rest = new byte[head[1]];
        await client.GetStream().ReadExactlyAsync(rest).AsTask().WaitAsync(Deadline);
        Assert.Equal((0x20, 0), (head[0], rest[1]));
        return client;
    }

    private static byte[] Text(string text) => [0, (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static async Task<byte[]> ReadAllAsync(TcpClient client)
    {
        var all = new MemoryStream();
        await client.GetStream().CopyToAsync(all).WaitAsync(Deadline);
        return all.ToArray();
    }
}
