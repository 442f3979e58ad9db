using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class PublishingTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task An_unroutable_mandatory_message_comes_back_whole_and_then_is_confirmed()
    {
        List<string> events = [];
        var confirmed = new TaskCompletionSource<ulong>(TaskCreationOptions.RunContinuationsAsynchronously);
        BasicReturnEventArgs? returned = null;
        byte[] returnedBody = [];
        await using IChannel channel = await Connection.CreateChannelAsync(new CreateChannelOptions(true, false));
        channel.BasicReturnAsync += (_, e) =>
        {
            events.Add("return");
            (returned, returnedBody) = (e, e.Body.ToArray());
            return Task.CompletedTask;
        };
        channel.BasicAcksAsync += (_, e) =>
        {
            events.Add("ack");
            confirmed.TrySetResult(e.DeliveryTag);
            return Task.CompletedTask;
        };
        var properties = new BasicProperties { MessageId = "42", Headers = Table(("kept", "yes")) };
        await channel.BasicPublishAsync("amq.direct", "nowhere", true, properties, "lost"u8.ToArray());
        Assert.Equal(1ul, await Wait.ForAsync("the confirm", confirmed.Task));
        Assert.Equal(["return", "ack"], events);
        Assert.Equal((312, "NO_ROUTE"), (returned!.ReplyCode, returned.ReplyText));
        Assert.Equal(("amq.direct", "nowhere"), (returned.Exchange, returned.RoutingKey));
        Assert.Equal(("42", "lost"), (returned.BasicProperties.MessageId, Encoding.UTF8.GetString(returnedBody)));
    }

    [BrokerFact]
    public async Task A_confirming_client_reports_the_return_to_its_caller()
    {
        await using IChannel channel = await ConfirmingChannelAsync();
        var returned = await Assert.ThrowsAsync<PublishException>(
            async () => await channel.BasicPublishAsync("", Name("nowhere"), true, new byte[1]));
        Assert.True(returned.IsReturn);
    }

    [BrokerFact]
    public async Task A_message_that_an_alternate_exchange_routed_is_not_returned()
    {
        string alternate = await ExchangeAsync("fanout", "alternate");
        string exchange = await ExchangeAsync("direct", "exchange", ("alternate-exchange", alternate));
        string queue = await QueueAsync();
        await Channel.QueueBindAsync(queue, alternate, "");
        await using IChannel channel = await ConfirmingChannelAsync();
        await channel.BasicPublishAsync(exchange, "nowhere", true, new byte[1]);
        await WaitForCountAsync(queue, 1);
    }

    [BrokerFact]
    public async Task An_unroutable_message_that_is_not_mandatory_is_confirmed()
    {
        await using IChannel channel = await ConfirmingChannelAsync();
        await channel.BasicPublishAsync("", Name("nowhere"), new byte[1]);
        Assert.True(channel.IsOpen);
    }

    [BrokerTheory]
    [InlineData("classic", DeliveryModes.Transient)]
    [InlineData("classic", DeliveryModes.Persistent)]
    [InlineData("quorum", DeliveryModes.Persistent)]
    public async Task Every_message_is_confirmed_once_and_in_order(string type, DeliveryModes mode)
    {
        const int Count = 2_000;
        string queue = await QueueAsync("queue", ("x-queue-type", type));
        var confirmed = new bool[Count + 1];
        int remaining = Count;
        var all = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using IChannel channel = await Connection.CreateChannelAsync(new CreateChannelOptions(true, false));
        channel.BasicAcksAsync += (_, ack) =>
        {
            ulong first = ack.Multiple ? 1 : ack.DeliveryTag;
            for (ulong tag = first; tag <= ack.DeliveryTag; tag++)
            {
                if (!confirmed[tag])
                    remaining--;
                confirmed[tag] = true;
            }
            if (remaining == 0)
                all.TrySetResult(true);
            return Task.CompletedTask;
        };
        var properties = new BasicProperties { DeliveryMode = mode };
        for (int i = 0; i < Count; i++)
            await channel.BasicPublishAsync("", queue, false, properties, Encoding.UTF8.GetBytes($"{i}"));
        await Wait.ForAsync("all confirms", all.Task);
        await WaitForCountAsync(queue, Count);
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{i}"), await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task A_full_queue_that_rejects_publishes_nacks()
    {
        string queue = await QueueAsync("queue", ("x-max-length", 1), ("x-overflow", "reject-publish"));
        await using IChannel channel = await ConfirmingChannelAsync();
        await channel.BasicPublishAsync("", queue, "kept"u8.ToArray());
        var nacked = await Assert.ThrowsAsync<PublishException>(
            async () => await channel.BasicPublishAsync("", queue, "refused"u8.ToArray()));
        Assert.False(nacked.IsReturn);
        Assert.Equal(["kept"], await DrainAsync(queue));
        await channel.BasicPublishAsync("", queue, "room again"u8.ToArray());
    }

    [BrokerFact]
    public async Task One_full_queue_nacks_the_message_that_another_took()
    {
        string exchange = await ExchangeAsync("fanout");
        string full = await QueueAsync("full", ("x-max-length", 0), ("x-overflow", "reject-publish"));
        string roomy = await QueueAsync("roomy");
        await Channel.QueueBindAsync(full, exchange, "");
        await Channel.QueueBindAsync(roomy, exchange, "");
        await using IChannel channel = await ConfirmingChannelAsync();
        await Assert.ThrowsAsync<PublishException>(
            async () => await channel.BasicPublishAsync(exchange, "", "half"u8.ToArray()));
        Assert.Equal(["half"], await DrainAsync(roomy));
    }

    [BrokerFact]
    public async Task Every_channel_counts_its_own_confirms()
    {
        string queue = await QueueAsync();
        await using IChannel first = await ConfirmingChannelAsync();
        await using IChannel second = await ConfirmingChannelAsync();
        await first.BasicPublishAsync("", queue, new byte[1]);
        await first.BasicPublishAsync("", queue, new byte[1]);
        await second.BasicPublishAsync("", queue, new byte[1]);
        Assert.Equal(3ul, await first.GetNextPublishSequenceNumberAsync());
        Assert.Equal(2ul, await second.GetNextPublishSequenceNumberAsync());
    }

    [BrokerTheory]
    [InlineData("soon", "no_integer")]
    [InlineData("-1", "{value_negative,-1}")]
    [InlineData("10s", "{leftover_string,\"s\"}")]
    public async Task An_expiration_that_is_no_number_closes_the_channel_with_406(string expiration, string error)
    {
        string queue = await QueueAsync();
        var properties = new BasicProperties { Expiration = expiration };
        await ClosesChannelAsync(Channel, 406,
            $"PRECONDITION_FAILED - invalid expiration '{expiration}': {error}",
            async () => await Channel.BasicPublishAsync("", queue, false, properties, new byte[1]));
    }

    [BrokerFact]
    public async Task A_message_above_16_MiB_closes_the_channel_with_406()
    {
        Broker.SkipOnRabbitMqBefore("4.0", "the maximum message size was 128 MiB");
        const int Limit = 16 * 1024 * 1024;
        string queue = await QueueAsync();
        await using IChannel confirming = await ConfirmingChannelAsync();
        await confirming.BasicPublishAsync("", queue, new byte[Limit]);
        await WaitForCountAsync(queue, 1);
        await ClosesChannelAsync(Channel, 406,
            $"PRECONDITION_FAILED - message size {Limit + 1} is larger than configured max size {Limit}",
            async () => await Channel.BasicPublishAsync("", queue, new byte[Limit + 1]));
    }
}
