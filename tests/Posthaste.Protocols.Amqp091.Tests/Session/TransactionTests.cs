using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

public sealed class TransactionTests
{
    [Fact]
    public async Task Nothing_is_published_before_the_commit()
    {
        await using var host = new BrokerHost();
        var client = await OpenAsync(host);
        await client.PublishAsync("", "q", "x");
        Assert.Equal(0u, await client.CountAsync("q"));
        await CommitAsync(client);
        Assert.Equal(1u, await client.CountAsync("q"));
    }

    [Fact]
    public async Task A_rollback_forgets_messages_and_makes_deliveries_unsettled_again()
    {
        await using var host = new BrokerHost();
        var client = await OpenAsync(host);
        await client.PublishAsync("", "q", "x");
        await CommitAsync(client);
        await client.ConsumeAsync("q");
        await client.ExpectDeliveryAsync();
        await client.SendAsync(1, new BasicAck { DeliveryTag = 1 });
        await client.PublishAsync("", "q", "forgotten");
        await client.SendAsync(1, default(TxRollback));
        await client.ExpectAsync(MethodId.TxRollbackOk);
        // Without a consumer, or the delivery and the answer to the commit could come in either order.
        await client.SendAsync(1, new BasicCancel { ConsumerTag = "c"u8 });
        await client.ExpectAsync(MethodId.BasicCancelOk);
        await client.SendAsync(1, new BasicNack { DeliveryTag = 1, Requeue = true });
        await CommitAsync(client);
        await client.ConsumeAsync("q");
        Assert.Equal((2UL, true, "x"), await client.ExpectDeliveryAsync());
        await client.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_committed_ack_settles()
    {
        await using var host = new BrokerHost();
        var client = await OpenAsync(host);
        await client.PublishAsync("", "q", "x");
        await CommitAsync(client);
        await client.ConsumeAsync("q");
        await client.ExpectDeliveryAsync();
        await client.SendAsync(1, new BasicAck { DeliveryTag = 1 });
        await CommitAsync(client);
        await client.SendAsync(1, new ChannelClose { ReplyCode = 200 });
        await client.ExpectAsync(MethodId.ChannelCloseOk);
        await client.OpenChannelAsync(1);
        Assert.Equal(0u, await client.CountAsync("q"));
    }

    [Fact]
    public async Task Unroutable_mandatory_messages_come_back_with_the_commit()
    {
        await using var host = new BrokerHost();
        var client = await OpenAsync(host);
        await client.PublishAsync("", "nobody", "lost", mandatory: true);
        await client.ExpectSilenceAsync();
        await client.SendAsync(1, default(TxCommit));
        Assert.Equal("lost", (await client.ExpectContentAsync(MethodId.BasicReturn)).Text);
        await client.ExpectAsync(MethodId.TxCommitOk);
    }

    [Fact]
    public async Task A_full_queue_fails_the_commit_and_the_rest_of_it_holds()
    {
        await using var host = new BrokerHost();
        var client = await OpenAsync(host);
        await client.DeclareQueueAsync("full", arguments: OneMessageOnly);
        await client.PublishAsync("", "full", "fits");
        await client.PublishAsync("", "full", "does not");
        await client.PublishAsync("", "q", "arrives");
        await client.SendAsync(1, default(TxCommit));
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed, "PRECONDITION_FAILED - partial tx completion");
        await client.SendAsync(1, default(ChannelCloseOk));
        await client.OpenChannelAsync(1);
        Assert.Equal(1u, await client.CountAsync("full"));
        Assert.Equal(1u, await client.CountAsync("q"));
    }

    [Fact]
    public async Task A_direct_reply_leaves_with_the_commit_and_not_after_a_rollback()
    {
        await using var host = new BrokerHost();
        var requester = await host.OpenChannelAsync();
        var responder = await OpenAsync(host);
        await responder.ConsumeAsync("q", noAck: true);
        await requester.ConsumeAsync("amq.rabbitmq.reply-to", "replies", noAck: true);
        await requester.PublishAsync("", "q", "?", new BasicProperties { ReplyTo = "amq.rabbitmq.reply-to" });
        var replyTo = (await responder.ExpectContentAsync(MethodId.BasicDeliver)).Decoded.ReplyTo!;

        await responder.PublishAsync("", replyTo, "rolled back");
        await responder.SendAsync(1, default(TxRollback));
        await responder.ExpectAsync(MethodId.TxRollbackOk);
        await responder.PublishAsync("", replyTo, "committed", mandatory: true);
        await requester.ExpectSilenceAsync();
        await CommitAsync(responder);
        Assert.Equal("committed", (await requester.ExpectContentAsync(MethodId.BasicDeliver)).Text);
        await requester.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_direct_reply_that_nobody_waits_for_is_unroutable_in_a_transaction_too()
    {
        await using var host = new BrokerHost();
        var client = await OpenAsync(host);
        await client.PublishAsync("", "amq.rabbitmq.reply-to.nobody", "lost", mandatory: true);
        await client.SendAsync(1, default(TxCommit));
        Assert.Equal("lost", (await client.ExpectContentAsync(MethodId.BasicReturn)).Text);
        await client.ExpectAsync(MethodId.TxCommitOk);
    }

    [Fact]
    public async Task A_commit_needs_a_transaction()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, default(TxCommit));
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed, "PRECONDITION_FAILED - channel is not transactional");
    }

    [Fact]
    public async Task Transactions_and_confirms_exclude_each_other()
    {
        await using var host = new BrokerHost();
        var client = await OpenAsync(host);
        await client.SendAsync(1, default(ConfirmSelect));
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed, "PRECONDITION_FAILED - cannot switch from tx to confirm mode");
        var other = await host.OpenChannelAsync();
        await other.SelectConfirmsAsync();
        await other.SendAsync(1, default(TxSelect));
        await other.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed, "PRECONDITION_FAILED - cannot switch from confirm to tx mode");
    }

    private static FieldTable OneMessageOnly { get; } = [new("x-max-length", 1), new("x-overflow", "reject-publish")];

    private static async Task<TestClient> OpenAsync(BrokerHost host)
    {
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendAsync(1, default(TxSelect));
        await client.ExpectAsync(MethodId.TxSelectOk);
        return client;
    }

    private static async Task CommitAsync(TestClient client)
    {
        await client.SendAsync(1, default(TxCommit));
        await client.ExpectAsync(MethodId.TxCommitOk);
    }
}
