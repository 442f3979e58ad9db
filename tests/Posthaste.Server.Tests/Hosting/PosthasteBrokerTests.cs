using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Posthaste.Server.Tests.Support;
using Posthaste.Server.Transport;

namespace Posthaste.Server.Tests.Hosting;

public sealed class PosthasteBrokerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_started_broker_accepts_on_a_free_port_and_hands_bytes_to_the_protocol()
    {
        await using var broker = await StartEchoAsync();
        var endPoint = Assert.Single(broker.Listeners).EndPoint;
        Assert.NotEqual(0, endPoint.Port);

        using var client = await EchoClient.ConnectAsync(endPoint);
        // More than every buffer on the way holds, so that back-pressure is passed on both sides.
        var bytes = RandomNumberGenerator.GetBytes(5_000_000);
        Assert.Equal(bytes, await client.EchoAsync(bytes));
    }

    [Fact]
    public async Task Sockets_are_read_into_the_blocks_of_the_pool()
    {
        var echo = new EchoProtocol();
        await using var broker = await StartEchoAsync(options => options.Protocols = [EchoProtocol.As("echo", echo)]);
        using var client = await EchoClient.ConnectAsync(broker.Listeners[0].EndPoint);
        await client.EchoAsync(new byte[5_000_000]);
        // A usual pool's blocks are 4 KiB; how much of a larger one a read fills depends on the moment.
        Assert.InRange(echo.LongestSegmentBytes, 8_192, PinnedBlockPool.BlockBytes);
    }

    [Fact]
    public async Task Two_brokers_in_one_process_share_nothing()
    {
        await using var first = await StartEchoAsync();
        await using var second = await StartEchoAsync();
        Assert.NotEqual(first.Listeners[0].EndPoint.Port, second.Listeners[0].EndPoint.Port);

        await first.DisposeAsync();
        using var client = await EchoClient.ConnectAsync(second.Listeners[0].EndPoint);
        Assert.Equal([1, 2, 3], await client.EchoAsync([1, 2, 3]));
    }

    [Fact]
    public async Task Every_address_of_a_protocol_and_every_protocol_is_listened_on()
    {
        await using var broker = await PosthasteBroker.StartAsync(options =>
        {
            options.Protocols = [EchoProtocol.As("one"), EchoProtocol.As("two"), EchoProtocol.As("three")];
            options.Listen.Clear();
            options.Listen["http"] = "off";
            options.Listen["one"] = "127.0.0.1:0, 127.0.0.1:0";
            options.Listen["TWO"] = "127.0.0.1:0";
            options.Listen["three"] = "off";
        }, Cancellation);

        Assert.Equal(["one", "one", "two"], broker.Listeners.Select(listener => listener.Name));
        foreach (var listener in broker.Listeners)
        {
            using var client = await EchoClient.ConnectAsync(listener.EndPoint);
            Assert.Equal([42], await client.EchoAsync([42]));
        }
    }

    [Fact]
    public async Task Stopping_lets_a_session_say_goodbye()
    {
        var broker = await StartEchoAsync();
        using var client = await EchoClient.ConnectAsync(broker.Listeners[0].EndPoint);
        await client.EchoAsync([1]);

        var stopped = broker.DisposeAsync();
        Assert.Equal(EchoProtocol.Goodbye, await client.ReadToEndAsync());
        await stopped;
    }

    [Fact]
    public async Task A_session_that_does_not_end_is_cut()
    {
        var broker = await StartEchoAsync(options =>
        {
            options.Protocols = [EchoProtocol.As("echo", new EchoProtocol { IgnoresStop = true })];
            options.DrainLimit = TimeSpan.FromMilliseconds(50);
        });
        using var client = await EchoClient.ConnectAsync(broker.Listeners[0].EndPoint);
        await client.EchoAsync([1]);

        var stopped = broker.DisposeAsync();
        Assert.Equal("", await client.ReadToEndAsync());
        await stopped;
    }

    [Fact]
    public async Task Disposed_twice_and_at_once_the_broker_stops_once_and_frees_its_port()
    {
        var broker = await StartEchoAsync();
        var endPoint = broker.Listeners[0].EndPoint;
        await Task.WhenAll(broker.DisposeAsync().AsTask(), broker.DisposeAsync().AsTask());
        await broker.DisposeAsync();

        using var listener = new TcpListener(endPoint);
        listener.Start();
    }

    [Fact]
    public async Task A_connection_beyond_the_limit_is_cut_and_the_others_live()
    {
        await using var broker = await StartEchoAsync(options => options.Broker.ConnectionsMax = 1);
        using var first = await EchoClient.ConnectAsync(broker.Listeners[0].EndPoint);
        await first.EchoAsync([1]);

        Assert.Equal("", await EchoClient.ConnectToBeCutAsync(broker.Listeners[0].EndPoint));
        Assert.Equal([2], await first.EchoAsync([2]));
    }

    [Fact]
    public async Task A_connection_that_ended_makes_room_for_another()
    {
        await using var broker = await StartEchoAsync(options => options.Broker.ConnectionsMax = 1);
        for (var round = 0; round < 5; round++)
        {
            // The end of the one before may be on its way still: the limit counts what the broker serves, not what
            // clients hold.
            await Eventually.PassesAsync(async () =>
            {
                using var client = await EchoClient.ConnectAsync(broker.Listeners[0].EndPoint);
                Assert.Equal([1], await client.EchoAsync([1]));
            });
        }
    }

    [Fact]
    public async Task An_address_in_use_is_named_and_nothing_stays_open()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var error = await Assert.ThrowsAsync<PosthasteListenException>(
            () => StartEchoAsync(options => options.Listen["echo"] = $"127.0.0.1:{port}"));
        Assert.Equal(
            $"can't listen for echo on 127.0.0.1:{port}: the address is in use by another process", error.Message);
    }

    [Fact]
    public async Task An_address_of_another_machine_is_named()
    {
        // TEST-NET-1 [RFC 5737] is nobody's.
        var error = await Assert.ThrowsAsync<PosthasteListenException>(
            () => StartEchoAsync(options => options.Listen["echo"] = "192.0.2.1:0"));
        Assert.Equal("can't listen for echo on 192.0.2.1:0: this machine has no such address", error.Message);
    }

    [Fact]
    public async Task A_broker_without_amqp_has_no_port_for_it()
    {
        await using var broker = await StartEchoAsync();
        Assert.Throws<InvalidOperationException>(() => broker.AmqpPort);
    }

    [Fact]
    public async Task The_uri_is_one_that_a_client_on_this_machine_can_use()
    {
        await using var broker = await PosthasteBroker.StartAsync(options =>
        {
            options.Protocols = [EchoProtocol.As("amqp")];
            options.Listen.Clear();
            options.Listen["http"] = "off";
            options.Listen["amqp"] = "*:0";
        }, Cancellation);
        Assert.Equal($"amqp://guest:guest@127.0.0.1:{broker.AmqpPort}/", broker.AmqpUri.ToString());

        using var client = await EchoClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, broker.AmqpPort));
        Assert.Equal([7], await client.EchoAsync([7]));
    }

    private static Task<PosthasteBroker> StartEchoAsync(Action<PosthasteOptions>? configure = null) =>
        PosthasteBroker.StartAsync(options =>
        {
            options.Protocols = [EchoProtocol.As("echo")];
            options.Listen.Clear();
            options.Listen["http"] = "off";
            options.Listen["echo"] = "127.0.0.1:0";
            configure?.Invoke(options);
        }, Cancellation);
}
