using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class SenderSelectedTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task Cc_and_bcc_add_routing_keys_and_bcc_is_removed()
    {
        string to = await QueueAsync("to");
        string cc = await QueueAsync("cc");
        string bcc = await QueueAsync("bcc");
        var properties = new BasicProperties
        {
            Headers = Table(
                ("CC", new List<object?> { cc }), ("BCC", new List<object?> { bcc }), ("other", "kept")),
        };
        await Channel.BasicPublishAsync("", to, false, properties, "copied"u8.ToArray());
        foreach (string queue in (string[])[to, cc, bcc])
        {
            BasicGetResult message = await GetAsync(queue);
            IDictionary<string, object?> headers = message.BasicProperties.Headers!;
            Assert.Equal(to, message.RoutingKey);
            Assert.Equal(["CC", "other"], headers.Keys.Order(StringComparer.Ordinal));
            Assert.Equal(cc, Encoding.UTF8.GetString((byte[])((List<object?>)headers["CC"]!)[0]!));
        }
    }

    [BrokerFact]
    public async Task A_queue_named_twice_gets_one_copy()
    {
        string queue = await QueueAsync();
        await PublishAsync("", queue, "once", properties => properties.Headers = Table(
            ("CC", new List<object?> { queue, queue }), ("BCC", new List<object?> { queue })));
        Assert.Equal(["once"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Cc_goes_through_the_exchange_that_was_published_to()
    {
        string exchange = await ExchangeAsync("topic");
        string queue = await QueueAsync();
        await Channel.QueueBindAsync(queue, exchange, "copy.*");
        await PublishAsync(exchange, "unmatched", "by copy",
            properties => properties.Headers = Table(("CC", new List<object?> { "copy.one" })));
        Assert.Equal(["by copy"], await DrainAsync(queue));
    }

    [BrokerTheory]
    [InlineData("CC")]
    [InlineData("BCC")]
    public async Task A_header_that_is_no_array_closes_the_channel_with_406(string header)
    {
        Broker.SkipOnRabbitMqBefore("4.0", "the text gave type and header the other way round");
        string queue = await QueueAsync();
        var properties = new BasicProperties { Headers = Table((header, "not an array")) };
        await ClosesChannelAsync(Channel, 406,
            $"PRECONDITION_FAILED - invalid message: {{unacceptable_type_in_header,\"{header}\",longstr}}",
            async () => await Channel.BasicPublishAsync("", queue, false, properties, new byte[1]));
    }
}
