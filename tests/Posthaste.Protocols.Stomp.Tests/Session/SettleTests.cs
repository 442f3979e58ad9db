namespace Posthaste.Protocols.Stomp.Tests.Session;

public sealed class SettleTests
{
    [Theory]
    [InlineData("1.0")]
    [InlineData("1.1")]
    [InlineData("1.2")]
    public async Task An_acknowledgement_settles_its_message_alone(string version)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync(version);
        var messages = await DeliverAsync(client, "client-individual", 3);
        await client.AckAsync(messages[1]);
        await ReconnectAsync(client);
        await ExpectRedeliveredAsync(host, "1", "3");
    }

    [Fact]
    public async Task A_cumulative_acknowledgement_settles_all_before_it()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        var messages = await DeliverAsync(client, "client", 3);
        await client.AckAsync(messages[1]);
        await ReconnectAsync(client);
        await ExpectRedeliveredAsync(host, "3");
    }

    [Fact]
    public async Task A_cumulative_acknowledgement_speaks_for_its_subscription_alone()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/other", "other", "ack:client\n");
        await client.PublishAsync("/queue/other", "stays");
        await client.ExpectMessageAsync("stays");
        var messages = await DeliverAsync(client, "client", 1);
        await client.AckAsync(messages[0]);
        await ReconnectAsync(client);
        Assert.Equal(1, host.Count("other"));
        Assert.Equal(0, host.Count("a"));
    }

    [Fact]
    public async Task A_rejected_message_comes_again_unless_it_is_not_to()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/dead", "dead");
        await client.SubscribeAsync(
            "/queue/a", "0", "ack:client-individual\nx-dead-letter-exchange:\nx-dead-letter-routing-key:dead\n");
        await client.PublishAsync("/queue/a", "x");
        var message = await client.ExpectMessageAsync("x");
        await client.AckAsync(message, command: "NACK");
        message = await client.ExpectMessageAsync("x");
        Assert.Equal("true", message["redelivered"]);
        await client.AckAsync(message, "requeue:false\n", "NACK");
        message = await client.ExpectMessageAsync("x");
        Assert.Equal("dead", message["subscription"]);
        Assert.Equal("/queue/dead", message["destination"]);
        Assert.Equal("rejected", message["x-first-death-reason"]);
        Assert.Equal("a", message["x-last-death-queue"]);
        Assert.StartsWith("[{\"count\"\\c1,\"reason\"\\c\"rejected\"", message["x-death"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prefetch_bounds_what_is_out()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a", headers: "ack:client-individual\nprefetch-count:1\n");
        await client.PublishAsync("/queue/a", "1");
        await client.PublishAsync("/queue/a", "2");
        var message = await client.ExpectMessageAsync("1");
        await client.FenceAsync();
        await client.AckAsync(message);
        await client.ExpectMessageAsync("2");
    }

    [Fact]
    public async Task All_subscriptions_together_are_bounded_too()
    {
        var limits = new StompLimits { UnackedMax = 2 };
        await using var host = new BrokerHost(options: new StompOptions { Limits = limits });
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a", headers: "ack:client-individual\n");
        for (var i = 1; i <= 3; i++)
            await client.PublishAsync("/queue/a", $"{i}");
        var message = await client.ExpectMessageAsync("1");
        await client.ExpectMessageAsync("2");
        await client.FenceAsync();
        await client.AckAsync(message);
        await client.ExpectMessageAsync("3");
    }

    [Fact]
    public async Task What_is_out_may_be_acknowledged_after_unsubscribing()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        var messages = await DeliverAsync(client, "client-individual", 2);
        await client.SendAsync("UNSUBSCRIBE\nid:0\nreceipt:u\n\n\0");
        await client.ExpectReceiptAsync("u");
        await client.AckAsync(messages[0]);
        await ReconnectAsync(client);
        await ExpectRedeliveredAsync(host, "2");
    }

    [Theory]
    [InlineData("1.2", "ACK\n\n\0", "Missing header", "ACK must include the 'id' header")]
    [InlineData("1.1", "NACK\nid:1\n\n\0", "Missing header", "NACK must include the 'message-id' header")]
    [InlineData("1.2", "ACK\nid:1\n\n\0", "Message not found", "no message '1' waits for an acknowledgement")]
    [InlineData("1.2", "ACK\nid:SESSION-1-9\n\n\0", "Message not found", null)]
    [InlineData("1.2", "ACK\nid:SESSION-1-0\n\n\0", "Message not found", null)]
    [InlineData("1.2", "ACK\nid:SESSION-9-1\n\n\0", "Message not found", null)]
    [InlineData("1.2", "ACK\nid:SESSION-1-1x\n\n\0", "Message not found", null)]
    [InlineData("1.1", "ACK\nmessage-id:SESSION-1-1\nsubscription:9\n\n\0", "Message not found", null)]
    [InlineData("1.2", "NACK\nid:SESSION-1-1\nrequeue:perhaps\n\n\0", "Invalid header", null)]
    public async Task What_was_not_delivered_cannot_be_acknowledged(
        string version, string frame, string message, string? detail)
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        var session = (await client.OpenAsync(version))["session"];
        await DeliverAsync(client, "client-individual", 1);
        await client.SendAsync(frame.Replace("SESSION", session, StringComparison.Ordinal));
        await client.ExpectErrorAsync(message, detail);
    }

    [Fact]
    public async Task The_oldest_message_that_a_client_has_not_acknowledged_is_known()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        var client = await host.OpenAsync();
        var messages = await DeliverAsync(client, "client-individual", 1);
        time.Advance(TimeSpan.FromMinutes(2));
        await client.PublishAsync("/queue/a", "young");
        await client.ExpectMessageAsync("young");
        time.Advance(TimeSpan.FromMinutes(1));

        var queue = Assert.Single(host.Broker.Queues);
        Assert.InRange(host.Broker.LookAtPins().Of(queue).OldestUnacked!.AgeMs, 179_000, 180_000);
        await client.AckAsync(messages[0], "receipt:1\n");
        await client.ExpectReceiptAsync("1");
        time.Advance(TimeSpan.FromSeconds(5));
        var oldest = host.Broker.LookAtPins().Of(queue).OldestUnacked!;
        Assert.InRange(oldest.AgeMs, 64_000, 65_000);
        Assert.Equal("T_0", oldest.ConsumerTag);
    }

    [Fact]
    public async Task Nothing_is_acknowledged_twice()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        var messages = await DeliverAsync(client, "client-individual", 2);
        await client.AckAsync(messages[0], "receipt:1\n");
        await client.ExpectReceiptAsync("1");
        await client.AckAsync(messages[0]);
        await client.ExpectErrorAsync("Message not found");
        await ExpectRedeliveredAsync(host, "2");
    }

    private static async Task<List<ReceivedFrame>> DeliverAsync(TestClient client, string ack, int count)
    {
        await client.SubscribeAsync("/queue/a", headers: $"ack:{ack}\n");
        var messages = new List<ReceivedFrame>();
        for (var i = 1; i <= count; i++)
        {
            await client.PublishAsync("/queue/a", $"{i}");
            messages.Add(await client.ExpectMessageAsync($"{i}"));
        }

        return messages;
    }

    private static async Task ReconnectAsync(TestClient client)
    {
        await client.SendAsync("DISCONNECT\nreceipt:bye\n\n\0");
        await client.ExpectReceiptAsync("bye");
    }

    private static async Task ExpectRedeliveredAsync(BrokerHost host, params string[] bodies)
    {
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a", "again");
        foreach (var body in bodies)
            Assert.Equal("true", (await client.ExpectMessageAsync(body))["redelivered"]);
        await client.FenceAsync();
    }
}
