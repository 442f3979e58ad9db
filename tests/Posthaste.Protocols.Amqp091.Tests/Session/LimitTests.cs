using Posthaste.Broker.Limits;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>Limits of virtual hosts and users, in RabbitMQ's words.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task Connections_over_the_virtual_hosts_limit_are_refused_with_530()
    {
        await using var host = new BrokerHost();
        LimitHost(host, LimitNames.Connections, 1);
        var first = await host.OpenAsync();
        await RefusedAsync(host, "access to vhost '/' refused for user 'guest': connection limit (1) is reached");
        first.HangUp();
        await first.Served;
        await host.OpenAsync();
        LimitHost(host, LimitNames.Connections, -1);
        await host.OpenAsync();
    }

    [Fact]
    public async Task Connections_over_the_users_limit_are_refused_with_530()
    {
        await using var host = new BrokerHost();
        LimitUser(host, LimitNames.Connections, 2);
        await host.OpenAsync();
        await host.OpenAsync();
        await RefusedAsync(host, "Connection refused for user 'guest': user connection limit (2) is reached");
    }

    [Fact]
    public async Task Channels_over_the_users_limit_end_the_connection_with_530()
    {
        await using var host = new BrokerHost();
        LimitUser(host, LimitNames.Channels, 2);
        var one = await host.OpenChannelAsync();
        var other = await host.OpenChannelAsync();
        await one.SendAsync(1, new ChannelClose { ReplyCode = 200 });
        await one.ExpectAsync(MethodId.ChannelCloseOk);
        await one.OpenChannelAsync(1);
        await other.SendAsync(2, default(ChannelOpen));
        await other.ExpectConnectionCloseAsync(
            ReplyCode.NotAllowed,
            "NOT_ALLOWED - number of channels opened for user 'guest' has reached the maximum allowed user limit "
            + "of (2)");
        await other.Served;
        await one.OpenChannelAsync(2);
    }

    [Fact]
    public async Task Queues_over_the_virtual_hosts_limit_are_refused_with_406()
    {
        await using var host = new BrokerHost();
        LimitHost(host, LimitNames.Queues, 1);
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("a");
        await client.DeclareQueueAsync("a");
        await client.SendAsync(1, new QueueDeclare { Queue = "b"u8 });
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed,
            "PRECONDITION_FAILED - cannot declare queue 'b': queue limit in vhost '/' (1) is reached");
    }

    [Theory]
    [InlineData(true, LimitNames.MessageRate, 10)]
    [InlineData(false, LimitNames.MessageRate, 10)]
    [InlineData(true, LimitNames.ByteRate, 1_000)]
    [InlineData(false, LimitNames.ByteRate, 1_000)]
    public async Task Who_publishes_too_fast_is_told_and_not_read_until_it_is_made_up_for(
        bool ofUser, string name, long perSecond)
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        if (ofUser) LimitUser(host, name, perSecond);
        else LimitHost(host, name, perSecond);
        var client = await host.OpenChannelAsync(blockBytes: 65_536);
        await client.DeclareQueueAsync("q");

        // 25 messages of 100 bytes: a second's worth of either rate at once, and one and a half more on credit.
        await client.SendAsync([.. Enumerable.Repeat(TestClient.PublishFrames(1, "", "q", new byte[100]), 25)
            .SelectMany(static frames => frames)]);
        await client.ExpectAsync(MethodId.ConnectionBlocked, 0);
        Assert.Equal(25, host.Broker.Queues.Single().MessageCount);
        await client.PublishAsync("", "q", "held");
        time.Advance(TimeSpan.FromMilliseconds(1_499));
        Assert.Equal(25, host.Broker.Queues.Single().MessageCount);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await client.ExpectAsync(MethodId.ConnectionUnblocked, 0);

        // The message that was held is charged, too, and so its own wait comes before the count.
        var count = client.CountAsync("q");
        while (!count.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(count, Task.Delay(TimeSpan.FromMilliseconds(20)));
        }

        Assert.Equal(26u, await count);
    }

    private static async Task RefusedAsync(BrokerHost host, string text)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => host.OpenAsync());
        Assert.Contains(text, refused.Message, StringComparison.Ordinal);
    }

    private static void LimitHost(BrokerHost host, string name, long value) =>
        Assert.Null(host.Broker.FindVirtualHost("/")!.ChangeSettings(
            settings => settings with { Limits = settings.Limits.SetItem(name, value) }));

    private static void LimitUser(BrokerHost host, string name, long value) =>
        Assert.Null(host.Broker.Users.Update(
            "guest", user => user with { Limits = user.Limits.SetItem(name, value) }));
}
