namespace Posthaste.Protocols.Stomp.Tests.Session;

public sealed class TransactionTests
{
    [Fact]
    public async Task Messages_are_sent_by_the_commit()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a");
        await client.SendAsync("BEGIN\ntransaction:t\n\n\0");
        await client.PublishAsync("/queue/a", "1", "transaction:t\nreceipt:in\n");
        await client.PublishAsync("/queue/a", "2", "transaction:t\n");
        await client.ExpectReceiptAsync("in");
        await client.FenceAsync();
        await client.SendAsync("COMMIT\ntransaction:t\nreceipt:done\n\n\0");
        await client.ExpectReceiptAsync("done");
        await client.ExpectMessageAsync("1");
        await client.ExpectMessageAsync("2");
    }

    [Fact]
    public async Task Nothing_of_an_abort_remains()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/in", headers: "ack:client-individual\n");
        await client.PublishAsync("/queue/in", "x");
        var message = await client.ExpectMessageAsync("x");
        await client.SendAsync("BEGIN\ntransaction:t\n\n\0");
        await client.AckAsync(message, "transaction:t\n");
        await client.PublishAsync("/queue/out", "y", "transaction:t\n");
        await client.SendAsync("ABORT\ntransaction:t\nreceipt:aborted\n\n\0");
        await client.ExpectReceiptAsync("aborted");
        Assert.Equal(0, host.Count("out"));

        // It is unacknowledged again, so this is no error.
        await client.AckAsync(message, "receipt:acked\n");
        await client.ExpectReceiptAsync("acked");
    }

    [Fact]
    public async Task Acknowledgements_and_messages_take_effect_together()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/in", headers: "ack:client\n");
        for (var i = 1; i <= 4; i++)
            await client.PublishAsync("/queue/in", $"{i}");
        await client.ExpectMessageAsync("1");
        var second = await client.ExpectMessageAsync("2");
        await client.ExpectMessageAsync("3");
        var fourth = await client.ExpectMessageAsync("4");
        await client.SendAsync("BEGIN\ntransaction:t\n\n\0");
        await client.AckAsync(second, "transaction:t\n");
        await client.AckAsync(fourth, "transaction:t\n", "NACK");
        await client.PublishAsync("/queue/out", "y", "transaction:t\n");
        Assert.Equal(4, host.Broker.Queues.Single(queue => queue.Name == "in").UnackedCount);
        await client.SendAsync("COMMIT\ntransaction:t\nreceipt:done\n\n\0");
        await client.ExpectReceiptAsync("done");
        Assert.Equal(1, host.Count("out"));
        foreach (var body in (string[])["3", "4"])
            Assert.Equal("true", (await client.ExpectMessageAsync(body))["redelivered"]);
    }

    [Fact]
    public async Task Transactions_do_not_touch_each_other()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SendAsync("BEGIN\ntransaction:1\n\n\0BEGIN\ntransaction:2\n\n\0");
        await client.PublishAsync("/queue/a", "one", "transaction:1\n");
        await client.PublishAsync("/queue/a", "two", "transaction:2\n");
        await client.SendAsync("ABORT\ntransaction:1\n\n\0COMMIT\ntransaction:2\nreceipt:r\n\n\0");
        await client.ExpectReceiptAsync("r");
        await client.SubscribeAsync("/queue/a");
        await client.ExpectMessageAsync("two");
        await client.FenceAsync();
    }

    [Fact]
    public async Task What_an_open_transaction_holds_is_gone_with_its_connection()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/in", headers: "ack:client-individual\n");
        await client.PublishAsync("/queue/in", "x");
        await client.SendAsync("BEGIN\ntransaction:t\n\n\0");
        await client.AckAsync(await client.ExpectMessageAsync("x"), "transaction:t\n");
        await client.PublishAsync("/queue/out", "y", "transaction:t\n");
        await client.SendAsync("DISCONNECT\nreceipt:bye\n\n\0");
        await client.ExpectReceiptAsync("bye");
        Assert.Equal((1, 0), (host.Count("in"), host.Count("out")));
    }

    [Theory]
    [InlineData("BEGIN\n\n\0", "Missing transaction", "BEGIN must include a 'transaction' header")]
    [InlineData("COMMIT\n\n\0", "Missing transaction", "COMMIT must include a 'transaction' header")]
    [InlineData("ABORT\ntransaction:x\n\n\0", "Bad transaction", "Invalid transaction identifier: x")]
    [InlineData("COMMIT\ntransaction:x\n\n\0", "Bad transaction", "Invalid transaction identifier: x")]
    [InlineData("BEGIN\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0", "Bad transaction",
        "transaction 't' has begun already")]
    [InlineData("BEGIN\ntransaction:1\n\n\0BEGIN\ntransaction:2\n\n\0BEGIN\ntransaction:3\n\n\0",
        "Transaction limit exceeded", "at most 2 are open at a time")]
    [InlineData("BEGIN\ntransaction:1\n\n\0SEND\ndestination:/queue/a\ntransaction:1\n\n12345678901\0",
        "Transaction too large", "the open transactions of a connection hold at most 40 bytes")]
    public async Task Misuse_ends_the_connection(string frames, string message, string detail)
    {
        var limits = new StompLimits { TransactionsMax = 2, TransactionBytesMax = 40, TransactionActionsMax = 3 };
        await using var host = new BrokerHost(options: new StompOptions { Limits = limits });
        var client = await host.OpenAsync();
        await client.SendAsync(frames);
        await client.ExpectErrorAsync(message, detail);
    }

    [Fact]
    public async Task Actions_are_limited_over_all_transactions()
    {
        var limits = new StompLimits { TransactionActionsMax = 3 };
        await using var host = new BrokerHost(options: new StompOptions { Limits = limits });
        var client = await host.OpenAsync();
        await client.SendAsync("BEGIN\ntransaction:1\n\n\0BEGIN\ntransaction:2\n\n\0");
        for (var i = 0; i < 4; i++)
            await client.PublishAsync("/queue/a", "", $"transaction:{1 + (i % 2)}\n");
        await client.ExpectErrorAsync(
            "Transaction too large",
            "the open transactions of a connection hold at most 3 messages and acknowledgements");
    }

    [Fact]
    public async Task A_message_that_a_full_queue_refuses_is_told()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        const string Headers = "x-max-length:1\nx-overflow:reject-publish\ntransaction:t\n";
        await client.SendAsync("BEGIN\ntransaction:t\n\n\0");
        await client.PublishAsync("/queue/a", "1", Headers);
        await client.PublishAsync("/queue/a", "2", Headers);
        await client.SendAsync("COMMIT\ntransaction:t\nreceipt:r\n\n\0");
        var error = await client.ExpectErrorAsync("Message refused");
        Assert.Equal("r", error["receipt-id"]);
        Assert.Equal(1, host.Count("a"));
    }
}
