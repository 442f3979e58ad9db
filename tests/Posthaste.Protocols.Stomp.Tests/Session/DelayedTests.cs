namespace Posthaste.Protocols.Stomp.Tests.Session;

/// <summary>The header `AMQ_SCHEDULED_DELAY`, and `x-delay` on the way through an exchange that delays.</summary>
public sealed class DelayedTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData("/queue/a")]
    [InlineData("/topic/a.b")]
    public async Task A_scheduled_message_comes_when_it_is_due_without_the_header(string destination)
    {
        await using var host = new BrokerHost(options => options.Time = _time);
        var client = await host.OpenAsync();
        await client.SubscribeAsync(destination);
        await client.PublishAsync(destination, "later", "AMQ_SCHEDULED_DELAY:5000\nx:y\nreceipt:r\n");
        await client.ExpectReceiptAsync("r");
        await client.PublishAsync(destination, "now", "AMQ_SCHEDULED_DELAY:0\n");
        await client.ExpectMessageAsync("now");
        _time.Advance(TimeSpan.FromMilliseconds(5_000));
        var message = await client.ExpectMessageAsync("later");
        Assert.Equal("y", message["x"]);
        Assert.Equal(destination, message["destination"]);
        Assert.Null(message.Find("AMQ_SCHEDULED_DELAY"));
    }

    [Fact]
    public async Task The_header_of_a_delaying_exchange_comes_back_negated()
    {
        await using var host = new BrokerHost(options => options.Time = _time);
        host.Host.DeclareExchange(
            "x", "x-delayed-message", passive: false, durable: true, autoDelete: false, isInternal: false,
            [new("x-delayed-type", "topic")]);
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/exchange/x/a.*");
        await client.PublishAsync("/exchange/x/a.b", "later", "b:1\nx-delay:500\nx-delay:7\nc:2\n");
        await client.PublishAsync("/exchange/x/a.b", "now", "x-delay:-500\n");
        Assert.Equal("-500", (await client.ExpectMessageAsync("now"))["x-delay"]);
        _time.Advance(TimeSpan.FromMilliseconds(500));
        var message = await client.ExpectMessageAsync("later");
        Assert.Equal(("1", "-500", "2"), (message["b"], message["x-delay"], message["c"]));
    }

    [Theory]
    [InlineData("AMQ_SCHEDULED_DELAY:soon\n", "Invalid header")]
    [InlineData("AMQ_SCHEDULED_DELAY:-1\n", "Invalid header")]
    [InlineData("AMQ_SCHEDULED_CRON:* * * * *\n", "not_implemented")]
    [InlineData("AMQ_SCHEDULED_DELAY:1\nAMQ_SCHEDULED_REPEAT:9\nAMQ_SCHEDULED_PERIOD:1000\n", "not_implemented")]
    public async Task What_cannot_be_done_is_refused(string headers, string error)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.PublishAsync("/queue/a", "x", headers);
        await client.ExpectErrorAsync(error);
    }
}
