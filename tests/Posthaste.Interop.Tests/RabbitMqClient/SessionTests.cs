using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class SessionTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerTheory]
    [InlineData("publisher_confirms")]
    [InlineData("exchange_exchange_bindings")]
    [InlineData("basic.nack")]
    [InlineData("consumer_cancel_notify")]
    [InlineData("connection.blocked")]
    [InlineData("consumer_priorities")]
    [InlineData("authentication_failure_close")]
    [InlineData("per_consumer_qos")]
    [InlineData("direct_reply_to")]
    public void The_broker_announces_the_capability(string capability)
    {
        var capabilities = Assert.IsAssignableFrom<IDictionary<string, object?>>(
            Connection.ServerProperties!["capabilities"]);
        Assert.Equal(true, capabilities[capability]);
    }

    [BrokerTheory]
    [InlineData("product")]
    [InlineData("version")]
    [InlineData("platform")]
    [InlineData("copyright")]
    [InlineData("information")]
    [InlineData("cluster_name")]
    public void The_broker_introduces_itself(string property) =>
        Assert.NotEmpty(Assert.IsType<byte[]>(Connection.ServerProperties![property]));

    [BrokerFact]
    public async Task The_heartbeat_is_what_the_client_asks_for()
    {
        IConnection connection = await ConnectAsync(
            factory => factory.RequestedHeartbeat = TimeSpan.FromSeconds(7));
        Assert.Equal(TimeSpan.FromSeconds(7), connection.Heartbeat);
    }

    [BrokerFact]
    public async Task Heartbeats_keep_an_idle_connection_alive()
    {
        // Either side gives up after two intervals without a byte, so three intervals prove that both send; a busy
        // machine may stop one of them for less than the two.
        IConnection connection = await ConnectAsync(factory => factory.RequestedHeartbeat = TimeSpan.FromSeconds(3));
        string clock = await QueueAsync("clock", ("x-message-ttl", 9_000));
        await FillAsync(clock, "tick");
        await WaitForCountAsync(clock, 0);
        Assert.True(connection.IsOpen);
    }

    [BrokerFact]
    public async Task The_smaller_channel_maximum_counts()
    {
        IConnection connection = await ConnectAsync(factory => factory.RequestedChannelMax = 3);
        Assert.Equal(3, connection.ChannelMax);
        for (int i = 0; i < 3; i++)
            await connection.CreateChannelAsync();
        await Assert.ThrowsAsync<ChannelAllocationException>(() => connection.CreateChannelAsync());
    }

    [BrokerFact]
    public async Task The_broker_proposes_2047_channels_and_frames_of_128_KiB()
    {
        IConnection connection = await ConnectAsync(factory => factory.RequestedChannelMax = 0);
        Assert.Equal((2_047, 131_072u), (connection.ChannelMax, connection.FrameMax));
    }

    [BrokerFact]
    public async Task Hundreds_of_channels_share_a_connection()
    {
        string queue = await QueueAsync();
        IConnection connection = await ConnectAsync();
        IChannel[] channels = await Task.WhenAll(
            Enumerable.Range(0, 300).Select(_ => connection.CreateChannelAsync(new CreateChannelOptions(true, true))));
        await Task.WhenAll(channels.Select(channel => channel.BasicPublishAsync("", queue, new byte[1]).AsTask()));
        Assert.Equal(300u, await Channel.MessageCountAsync(queue));
    }

    [BrokerFact]
    public async Task A_closed_channel_number_is_used_again()
    {
        IConnection connection = await ConnectAsync(factory => factory.RequestedChannelMax = 1);
        for (int i = 0; i < 20; i++)
        {
            await using IChannel channel = await connection.CreateChannelAsync();
            await channel.ExchangeDeclarePassiveAsync("amq.direct");
        }
        Assert.True(connection.IsOpen);
    }

    [BrokerFact]
    public async Task A_wrong_password_is_refused_with_403_and_no_detail()
    {
        var refused = await Assert.ThrowsAsync<BrokerUnreachableException>(
            () => ConnectAsync(factory => factory.Password = "wrong"));
        var reason = Assert.IsType<AuthenticationFailureException>(refused.InnerException);
        Assert.Contains(
            "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. "
            + "For details see the broker logfile.", reason.Message);
    }

    [BrokerFact]
    public async Task A_missing_virtual_host_is_refused_with_530()
    {
        // The client does not wait for connection.open-ok, so it hears of the refusal a moment later.
        IConnection connection = await ConnectAsync(factory => factory.VirtualHost = "missing");
        await Wait.UntilAsync("the connection to close", () => Task.FromResult(connection.CloseReason is not null));
        ShutdownEventArgs reason = connection.CloseReason!;
        Assert.Equal((530, "NOT_ALLOWED - vhost missing not found"), (reason.ReplyCode, reason.ReplyText));
    }

    [BrokerFact]
    public async Task A_secret_can_be_updated()
    {
        await Connection.UpdateSecretAsync("guest", "rotation");
        await Channel.ExchangeDeclarePassiveAsync("amq.direct");
        Assert.True(Connection.IsOpen);
    }

    [BrokerFact]
    public async Task A_channel_error_leaves_the_connection_and_its_other_channels_usable()
    {
        string queue = await QueueAsync();
        await using IChannel broken = await ChannelAsync();
        await Assert.ThrowsAsync<OperationInterruptedException>(
            () => broken.QueueDeclarePassiveAsync(Name("missing")));
        Assert.False(broken.IsOpen);
        await FillAsync(queue, "still working");
        Assert.Equal(["still working"], await DrainAsync(queue));
        await using IChannel next = await ChannelAsync();
        await next.ExchangeDeclarePassiveAsync("amq.direct");
    }

    [BrokerFact]
    public async Task A_connection_error_ends_every_channel_with_its_reason()
    {
        IConnection connection = await ConnectAsync();
        var closed = new TaskCompletionSource<ShutdownEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        IChannel bystander = await connection.CreateChannelAsync();
        bystander.ChannelShutdownAsync += (_, reason) =>
        {
            closed.TrySetResult(reason);
            return Task.CompletedTask;
        };
        await using IChannel offender = await connection.CreateChannelAsync();
        await Assert.ThrowsAsync<OperationInterruptedException>(() => offender.BasicQosAsync(1, 1, false));
        Assert.Equal(540, (await Wait.ForAsync("the bystander to close", closed.Task)).ReplyCode);
    }
}
