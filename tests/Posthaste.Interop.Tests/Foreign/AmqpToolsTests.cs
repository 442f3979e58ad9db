using System.Diagnostics;
using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>rabbitmq-c, through the command-line tools that Debian builds from it.</summary>
public sealed class AmqpToolsTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task A_queue_is_declared_and_deleted()
    {
        await RequireToolsAsync();
        string queue = Track(Name("queue"));
        CommandResult declared = await RunAsync("amqp-declare-queue", "--queue", queue, "--durable");
        Assert.Equal((0, queue), (declared.ExitCode, declared.Output.Trim()));
        await Channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false);
        await FillAsync(queue, "one", "two");
        CommandResult deleted = await RunAsync("amqp-delete-queue", "--queue", queue);
        Assert.Equal((0, "2"), (deleted.ExitCode, deleted.Output.Trim()));
    }

    [BrokerFact]
    public async Task A_message_is_published_with_its_properties_and_got_back()
    {
        await RequireToolsAsync();
        string queue = await QueueAsync();
        CommandResult published = await RunAsync("amqp-publish", "--routing-key", queue, "--persistent",
            "--content-type", "text/plain", "--header", "colour: red", "--body", "hello");
        Assert.Equal(0, published.ExitCode);
        await WaitForCountAsync(queue, 1);
        BasicGetResult message = await GetAsync(queue, autoAck: false);
        Assert.Equal(("text/plain", true), (message.BasicProperties.ContentType, message.BasicProperties.Persistent));
        Assert.Equal("red"u8.ToArray(), message.BasicProperties.Headers!["colour"]);
        await Channel.BasicNackAsync(message.DeliveryTag, multiple: false, requeue: true);
        await WaitForCountAsync(queue, 1);
        CommandResult got = await RunAsync("amqp-get", "--queue", queue);
        Assert.Equal((0, "hello"), (got.ExitCode, got.Output));
    }

    [BrokerFact]
    public async Task Getting_from_an_empty_queue_ends_with_2()
    {
        await RequireToolsAsync();
        string queue = await QueueAsync();
        Assert.Equal(2, (await RunAsync("amqp-get", "--queue", queue)).ExitCode);
    }

    [BrokerFact]
    public async Task A_body_of_a_megabyte_comes_from_standard_input()
    {
        await RequireToolsAsync();
        string queue = await QueueAsync();
        var body = new byte[1_000_000];
        new Random(1).NextBytes(body);
        CommandResult published = await Command.RunAsync(
            "amqp-publish", [.. Server(), "--routing-key", queue], body, Directory.GetCurrentDirectory());
        Assert.Equal(0, published.ExitCode);
        await WaitForCountAsync(queue, 1);
        CommandResult got = await RunAsync("amqp-get", "--queue", queue);
        Assert.True(got.OutputBytes.AsSpan().SequenceEqual(body));
    }

    [BrokerFact]
    public async Task Lines_are_published_one_message_each()
    {
        await RequireToolsAsync();
        string queue = await QueueAsync();
        CommandResult published = await Command.RunAsync("amqp-publish",
            [.. Server(), "--routing-key", queue, "--line-buffered"], "a\nb\nc\n"u8.ToArray(),
            Directory.GetCurrentDirectory());
        Assert.Equal(0, published.ExitCode);
        await WaitForCountAsync(queue, 3);
        Assert.Equal(["a\n", "b\n", "c\n"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task A_consumer_acknowledges_what_its_command_took()
    {
        await RequireToolsAsync();
        string queue = await QueueAsync();
        await FillAsync(queue, "one,", "two,", "three");
        CommandResult consumed = await RunAsync(
            "amqp-consume", "--queue", queue, "--count", "2", "--prefetch-count", "1", "cat");
        Assert.Equal((0, "one,two,"), (consumed.ExitCode, consumed.Output));
        await WaitForCountAsync(queue, 1);
        Assert.Equal(["three"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task A_consumer_binds_a_queue_of_its_own_to_an_exchange()
    {
        await RequireToolsAsync();
        string exchange = await ExchangeAsync("topic");
        string[] arguments =
            [.. Server(), "--exchange", exchange, "--routing-key", "orders.#", "--count", "1", "cat"];
        using Process consumer = Command.Start("amqp-consume", arguments, Directory.GetCurrentDirectory());
        try
        {
            // Nothing says when the binding is there except that a message stops coming back.
            await Wait.UntilAsync("amqp-consume to bind its queue", () => IsRoutedAsync(exchange, "orders.new"));
            await consumer.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal("routed", await consumer.StandardOutput.ReadToEndAsync());
        }
        finally
        {
            if (!consumer.HasExited)
                consumer.Kill();
        }
    }

    [BrokerFact]
    public async Task A_refused_password_is_reported()
    {
        await RequireToolsAsync();
        string[] arguments = [.. Server(), "--password", "wrong", "--queue", "any"];
        CommandResult refused = await Command.RunAsync("amqp-get", arguments);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("403", refused.Errors);
    }

    private static async Task RequireToolsAsync()
    {
        if (!await Command.ExistsAsync("amqp-get", "--help"))
            Assert.Skip("rabbitmq-c's tools are not installed (Debian: amqp-tools).");
    }

    private async Task<bool> IsRoutedAsync(string exchange, string routingKey)
    {
        await using IChannel channel = await ConfirmingChannelAsync();
        try
        {
            await channel.BasicPublishAsync(exchange, routingKey, true, "routed"u8.ToArray());
            return true;
        }
        catch (PublishException unroutable) when (unroutable.IsReturn)
        {
            return false;
        }
    }

    private string[] Server() =>
        ["--server", Broker.Host, "--port", $"{Broker.Port}", "--username", "guest", "--password", "guest"];

    private Task<CommandResult> RunAsync(string tool, params string[] arguments) =>
        Command.RunAsync(tool, [.. Server(), .. arguments]);
}
