using Posthaste.Broker.Limits;

namespace Posthaste.Protocols.Stomp.Tests.Session;

/// <summary>Limits of virtual hosts and users, as ERROR frames.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData(LimitNames.Connections, "Connection refused for user 'guest': user connection limit (1) is reached")]
    [InlineData(
        LimitNames.Channels,
        "number of channels opened for user 'guest' has reached the maximum allowed user limit of (1)")]
    public async Task Connections_over_a_users_limit_are_refused(string limit, string text)
    {
        await using var host = new BrokerHost();
        Assert.Null(host.Broker.Users.Update(
            "guest", user => user with { Limits = user.Limits.SetItem(limit, 1) }));
        var first = await host.OpenAsync();
        var second = host.Connect();
        await second.SendAsync("CONNECT\naccept-version:1.2\n\n\0");
        await second.ExpectErrorAsync("Bad CONNECT", $"Connection refused: {text}");
        await second.Served;
        first.HangUp();
        await first.Served;
        await host.OpenAsync();
    }

    [Fact]
    public async Task Queues_over_the_virtual_hosts_limit_are_refused()
    {
        await using var host = new BrokerHost();
        LimitHost(host, LimitNames.Queues, 1);
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a");
        await client.SendAsync("SUBSCRIBE\ndestination:/queue/b\nid:1\n\n\0");
        await client.ExpectErrorAsync(
            "precondition_failed", "cannot declare queue 'b': queue limit in vhost '/' (1) is reached");
    }

    [Fact]
    public async Task Who_publishes_too_fast_is_not_read_until_it_is_made_up_for()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        LimitHost(host, LimitNames.ByteRate, 1_000);
        var client = await host.OpenAsync();
        await client.PublishAsync("/queue/q", new string('x', 3_000), "receipt:1\n");
        await client.ExpectReceiptAsync("1");
        await client.SendAsync("SEND\ndestination:/queue/q\nreceipt:2\n\nheld\0");
        var held = client.ExpectReceiptAsync("2");
        Assert.False(held.IsCompleted);

        await AdvanceUntilAsync(time, held);
        await held;
        Assert.Equal(2, host.Count("q"));

        // The last one was charged, too.
        client.HangUp();
        await AdvanceUntilAsync(time, client.Served);
    }

    /// <summary>In small steps: time concerns the peers, too. A wait that has not begun yet ends later.</summary>
    private static async Task AdvanceUntilAsync(ManualTime time, Task done)
    {
        while (!done.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(done, Task.Delay(TimeSpan.FromMilliseconds(20)));
        }
    }

    private static void LimitHost(BrokerHost host, string name, long value) =>
        Assert.Null(host.Host.ChangeSettings(
            settings => settings with { Limits = settings.Limits.SetItem(name, value) }));
}
