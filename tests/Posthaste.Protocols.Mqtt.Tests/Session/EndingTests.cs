using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>
/// The broker's last packet reaches a client that is still writing, and nobody else waits for that client.
/// </summary>
public sealed class EndingTests
{
    // More than the transport holds: it arrives only if the broker goes on reading.
    private static readonly byte[] Flood = new byte[4 << 20];

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_client_that_is_told_to_go_is_read_until_it_closes()
    {
        await using var host = new BrokerHost(options => options.ConnectionTime = _time);
        var client = await host.OpenAsync("c");
        await client.SendPublishAsync("not/+/a/topic", "x");
        await client.SendAsync(Flood);
        Assert.Equal(ReasonCode.TopicNameInvalid, (await client.ExpectAsync(PacketType.Disconnect)).Code);
        await client.SendAsync(Flood);
        Assert.False(client.Served.IsCompleted);
        await client.HangUpAsync();
    }

    [Fact]
    public async Task A_client_that_is_refused_is_read_until_it_closes()
    {
        await using var host = new BrokerHost(options => options.ConnectionTime = _time);
        var client = host.Connect(MqttVersion.V311);
        await client.SendConnectAsync("c", new ConnectOptions { UserName = "guest", Password = "wrong" });
        await client.SendAsync(Flood);
        Assert.Equal(PacketType.ConnAck, (await client.ReadAsync())!.Type);
        await client.SendAsync(Flood);
        Assert.False(client.Served.IsCompleted);
        await client.HangUpAsync();
    }

    [Fact]
    public async Task A_client_that_does_not_close_is_closed()
    {
        await using var host = new BrokerHost(options => options.ConnectionTime = _time);
        var client = await host.OpenAsync("c");
        await client.SendPublishAsync("not/+/a/topic", "x");
        await client.ExpectAsync(PacketType.Disconnect);
        await PassAsync(client);
        Assert.Null(await client.ReadAsync());
        Assert.False(client.IsAborted);
    }

    [Fact]
    public async Task Who_takes_over_does_not_wait_for_a_client_that_neither_reads_nor_closes()
    {
        await using var host = new BrokerHost(options => options.ConnectionTime = _time);
        var old = await host.OpenAsync("c", options: ConnectOptions.Kept(), outputBytesMax: 1024);
        await old.SubscribeAsync("t", QoS.AtLeastOnce);
        var publisher = await host.OpenAsync("publisher");
        await publisher.PublishAsync("t", new string('x', 10_000), QoS.AtLeastOnce);
        await old.ExpectAsync(PacketType.Publish);
        await publisher.PublishAsync("t", new string('y', 10_000), QoS.AtLeastOnce);

        var taker = host.Connect();
        await taker.OpenAsync("c", ConnectOptions.Kept());
        Assert.False(old.Served.IsCompleted);
        Assert.Equal('x', (await taker.ReceiveAsync()).Text[0]);
        Assert.Equal('y', (await taker.ReceiveAsync()).Text[0]);
    }

    /// <summary>Time passes until it has ended: in steps, since the session sets its limit in its own time.</summary>
    private Task PassAsync(TestClient client) => Eventually.TrueAsync(() =>
    {
        _time.Advance(Second);
        return client.Served.IsCompleted;
    });
}
