using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class TransactionTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task Commit_publishes_to_every_queue_and_rollback_to_none()
    {
        string first = await QueueAsync("first");
        string second = await QueueAsync("second");
        await using IChannel tx = await ChannelAsync();
        await tx.TxSelectAsync();
        await PublishBothAsync("rolled back");
        await tx.TxRollbackAsync();
        await PublishBothAsync("committed");
        Assert.Equal(0u, await Channel.MessageCountAsync(first));
        await tx.TxCommitAsync();
        Assert.Equal(["committed"], await DrainAsync(first));
        Assert.Equal(["committed"], await DrainAsync(second));

        async Task PublishBothAsync(string body)
        {
            await tx.BasicPublishAsync("", first, Encoding.UTF8.GetBytes(body));
            await tx.BasicPublishAsync("", second, Encoding.UTF8.GetBytes(body));
        }
    }

    [BrokerFact]
    public async Task Acknowledgements_count_once_they_are_committed()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two");
        IChannel tx = await ChannelAsync();
        await tx.TxSelectAsync();
        BasicGetResult one = (await tx.BasicGetAsync(queue, false))!;
        await tx.BasicAckAsync(one.DeliveryTag, false);
        await tx.TxCommitAsync();
        BasicGetResult two = (await tx.BasicGetAsync(queue, false))!;
        await tx.BasicAckAsync(two.DeliveryTag, false);
        await tx.CloseAsync();
        Assert.Equal("two", Body(await GetAsync(queue)));
    }

    [BrokerFact]
    public async Task Rollback_takes_back_acknowledgements()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one");
        await using IChannel tx = await ChannelAsync();
        await tx.TxSelectAsync();
        BasicGetResult one = (await tx.BasicGetAsync(queue, false))!;
        await tx.BasicAckAsync(one.DeliveryTag, false);
        await tx.TxRollbackAsync();
        await tx.BasicNackAsync(one.DeliveryTag, false, requeue: true);
        await tx.TxCommitAsync();
        BasicGetResult again = await GetAsync(queue);
        Assert.Equal(("one", true), (Body(again), again.Redelivered));
    }

    [BrokerFact]
    public async Task Consuming_and_publishing_commit_together()
    {
        string source = await QueueAsync("source");
        string target = await QueueAsync("target");
        await FillAsync(source, "moved");
        await using IChannel tx = await ChannelAsync();
        await tx.TxSelectAsync();
        BasicGetResult message = (await tx.BasicGetAsync(source, false))!;
        await tx.BasicPublishAsync("", target, message.Body);
        await tx.BasicAckAsync(message.DeliveryTag, false);
        await tx.TxCommitAsync();
        Assert.Equal(["moved"], await DrainAsync(target));
        Assert.Empty(await DrainAsync(source));
    }

    [BrokerFact]
    public async Task Closing_the_channel_rolls_back()
    {
        string queue = await QueueAsync();
        IChannel tx = await ChannelAsync();
        await tx.TxSelectAsync();
        await tx.BasicPublishAsync("", queue, new byte[1]);
        await tx.CloseAsync();
        Assert.Equal(0u, await Channel.MessageCountAsync(queue));
    }

    [BrokerFact]
    public async Task Commit_and_rollback_need_a_transactional_channel()
    {
        await using (IChannel channel = await ChannelAsync())
        {
            await RefusedAsync(406, "PRECONDITION_FAILED - channel is not transactional",
                () => channel.TxCommitAsync());
        }
        await RefusedAsync(406, "PRECONDITION_FAILED - channel is not transactional", () => Channel.TxRollbackAsync());
    }

    [BrokerFact]
    public async Task A_confirming_channel_cannot_become_transactional()
    {
        await using IChannel confirming = await ConfirmingChannelAsync();
        await RefusedAsync(406, "PRECONDITION_FAILED - cannot switch from confirm to tx mode",
            () => confirming.TxSelectAsync());
    }

    [BrokerFact]
    public async Task Unroutable_mandatory_messages_come_back_with_the_commit()
    {
        var returned = new TaskCompletionSource<ushort>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using IChannel tx = await ChannelAsync();
        tx.BasicReturnAsync += (_, e) =>
        {
            returned.TrySetResult(e.ReplyCode);
            return Task.CompletedTask;
        };
        await tx.TxSelectAsync();
        await tx.BasicPublishAsync("", Name("nowhere"), true, new byte[1]);
        await tx.TxCommitAsync();
        Assert.Equal(312, await Wait.ForAsync("the return", returned.Task));
    }
}
