using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class MaxLengthTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerTheory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task Drop_head_keeps_the_newest(string type)
    {
        string queue = await QueueAsync("queue", ("x-max-length", 2), ("x-queue-type", type));
        await FillAsync(queue, "one", "two", "three", "four");
        await WaitForCountAsync(queue, 2);
        Assert.Equal(["three", "four"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Bytes_count_bodies()
    {
        string queue = await QueueAsync("queue", ("x-max-length-bytes", 10));
        await FillAsync(queue, "1234", "5678", "90ab");
        Assert.Equal(["5678", "90ab"], await DrainAsync(queue));
        await FillAsync(queue, "longer than all that fits");
        Assert.Empty(await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Whichever_limit_is_hit_first_counts()
    {
        string queue = await QueueAsync("queue", ("x-max-length", 2), ("x-max-length-bytes", 100));
        await FillAsync(queue, "a", "b", "c");
        Assert.Equal(["b", "c"], await DrainAsync(queue));
        await FillAsync(queue, new string('x', 60), new string('y', 60));
        Assert.Equal([new string('y', 60)], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Messages_that_consumers_hold_do_not_count()
    {
        string queue = await QueueAsync("queue", ("x-max-length", 1));
        await FillAsync(queue, "held");
        BasicGetResult held = await GetAsync(queue, autoAck: false);
        await FillAsync(queue, "ready");
        Assert.Equal(1u, await Channel.MessageCountAsync(queue));
        await Channel.BasicNackAsync(held.DeliveryTag, multiple: false, requeue: true);
        Assert.Equal(["ready"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task A_maximum_of_zero_delivers_at_once_or_not_at_all()
    {
        string queue = await QueueAsync("queue", ("x-max-length", 0));
        await FillAsync(queue, "nobody there");
        Assert.Equal(0u, await Channel.MessageCountAsync(queue));
    }

    [BrokerTheory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task Reject_publish_keeps_the_oldest(string type)
    {
        string queue = await QueueAsync("queue",
            ("x-max-length", 2), ("x-overflow", "reject-publish"), ("x-queue-type", type));
        await using IChannel channel = await ConfirmingChannelAsync();
        int nackedCount = 0;
        for (int i = 0; i < 10; i++)
        {
            try
            {
                await channel.BasicPublishAsync("", queue, Encoding.UTF8.GetBytes($"{i}"));
            }
            catch (PublishException)
            {
                nackedCount++;
            }
        }
        string[] kept = await DrainAsync(queue);
        Assert.Equal(10 - nackedCount, kept.Length);
        Assert.Equal(Enumerable.Range(0, kept.Length).Select(i => $"{i}"), kept);
        // A quorum queue may let a few more in before publishers hear that it is full; a classic queue does not.
        Assert.InRange(kept.Length, 2, type == "classic" ? 2 : 5);
    }

    [BrokerFact]
    public async Task Reject_publish_without_confirms_drops_silently()
    {
        string queue = await QueueAsync("queue", ("x-max-length", 1), ("x-overflow", "reject-publish"));
        await Channel.BasicPublishAsync("", queue, "kept"u8.ToArray());
        await Channel.BasicPublishAsync("", queue, "dropped"u8.ToArray());
        await WaitForCountAsync(queue, 1);
        Assert.Equal(["kept"], await DrainAsync(queue));
        Assert.True(Channel.IsOpen);
    }

    [BrokerFact]
    public async Task Reject_publish_dlx_nacks_and_dead_letters_the_new_message()
    {
        string dead = await QueueAsync("dead");
        string queue = await QueueAsync("queue", ("x-max-length", 1), ("x-overflow", "reject-publish-dlx"),
            ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", dead));
        await FillAsync(queue, "kept");
        await using IChannel channel = await ConfirmingChannelAsync();
        await Assert.ThrowsAsync<PublishException>(
            async () => await channel.BasicPublishAsync("", queue, "refused"u8.ToArray()));
        BasicGetResult message = await GetAsync(dead);
        Assert.Equal("refused", Body(message));
        Assert.Equal("maxlen", Death.Of(message.BasicProperties).Single().Reason);
        Assert.Equal(["kept"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Drop_head_dead_letters_the_oldest()
    {
        string dead = await QueueAsync("dead");
        string queue = await QueueAsync("queue", ("x-max-length", 1),
            ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", dead));
        await FillAsync(queue, "old", "new");
        BasicGetResult message = await GetAsync(dead);
        Assert.Equal(("old", "maxlen"), (Body(message), Death.Of(message.BasicProperties).Single().Reason));
        Assert.Equal(["new"], await DrainAsync(queue));
    }
}
