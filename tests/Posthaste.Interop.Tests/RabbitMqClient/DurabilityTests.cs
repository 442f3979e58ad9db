using System.Collections.Concurrent;
using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.Interop.Tests.RabbitMqClient;

/// <summary>What must be there after a stop or a kill: each test owns the broker that it ends.</summary>
public sealed class DurabilityTests(BrokerFixture broker)
{
    /// <summary>Each of these starts a process or two, which on a busy machine takes most of its time.</summary>
    private const int TimeLimitMs = 180_000;

    [BrokerTheory(Timeout = TimeLimitMs)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Confirmed_messages_and_durable_topology_survive(bool graceful)
    {
        broker.SkipUnlessOwned();
        await using var process = BrokerProcess.InTemporaryDirectory();
        await process.StartAsync();
        await using (IConnection connection = await ConnectAsync(process))
        {
            await using IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
            await channel.ExchangeDeclareAsync("orders", "topic", durable: true);
            await channel.ExchangeDeclareAsync("sink", "fanout", durable: true);
            await channel.ExchangeDeclareAsync("transient", "fanout", durable: false);
            await channel.QueueDeclareAsync("durable", true, false, false);
            await channel.QueueDeclareAsync("gone", false, false, false);
            await channel.ExchangeBindAsync("sink", "orders", "#");
            await channel.QueueBindAsync("durable", "sink", "");
            var persistent = new BasicProperties { DeliveryMode = DeliveryModes.Persistent, MessageId = "m" };
            await Task.WhenAll(Enumerable.Range(0, 100).Select(i =>
                channel.BasicPublishAsync("orders", "new", true, persistent, Encoding.UTF8.GetBytes($"{i}")).AsTask()));
            BasicGetResult settled = (await channel.BasicGetAsync("durable", false))!;
            await channel.BasicAckAsync(settled.DeliveryTag, multiple: false);
            BasicGetResult held = (await channel.BasicGetAsync("durable", false))!;
            Assert.Equal("1", Encoding.UTF8.GetString(held.Body.Span));
            await EndAsync(process, graceful);
        }
        await process.StartAsync();

        await using IConnection again = await ConnectAsync(process);
        await using IChannel reader = await again.CreateChannelAsync();
        await reader.ExchangeDeclareAsync("orders", "topic", durable: true);
        List<(string Body, bool Redelivered)> messages = [];
        while (await reader.BasicGetAsync("durable", true) is { } message)
        {
            Assert.Equal("m", message.BasicProperties.MessageId);
            messages.Add((Encoding.UTF8.GetString(message.Body.Span), message.Redelivered));
        }
        // A settlement is journaled without waiting, so a kill may bring message 0 back, marked; a stop may not.
        if (!graceful && messages[0].Body == "0")
        {
            Assert.True(messages[0].Redelivered);
            messages.RemoveAt(0);
        }
        Assert.Equal(Enumerable.Range(1, 99).Select(i => $"{i}"), messages.Select(message => message.Body));
        Assert.True(messages[0].Redelivered);
        await AssertMissingAsync(again, channel => channel.QueueDeclarePassiveAsync("gone"));
        await AssertMissingAsync(again, channel => channel.ExchangeDeclarePassiveAsync("transient"));
        Assert.Equal(0, await process.StopAsync());
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Nothing_confirmed_is_lost_when_the_process_is_killed_under_load()
    {
        broker.SkipUnlessOwned();
        await using var process = BrokerProcess.InTemporaryDirectory();
        await process.StartAsync();
        var confirmed = new ConcurrentDictionary<int, bool>();
        await using (IConnection connection = await ConnectAsync(process))
        {
            await using IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
            await channel.QueueDeclareAsync("load", true, false, false);
            Task publishing = PublishUntilRefusedAsync(channel, confirmed);
            await Wait.UntilAsync("500 confirms", () => Task.FromResult(confirmed.Count >= 500));
            await process.KillAsync();
            Exception? refusal = await Record.ExceptionAsync(() => publishing.WaitAsync(Wait.Deadline));
            Assert.IsAssignableFrom<RabbitMQClientException>(refusal);
        }
        await process.StartAsync();

        await using IConnection again = await ConnectAsync(process);
        await using IChannel reader = await again.CreateChannelAsync();
        List<int> found = [];
        while (await reader.BasicGetAsync("load", true) is { } message)
            found.Add(BitConverter.ToInt32(message.Body.Span));
        Assert.Equal(found.Order().Distinct(), found);
        Assert.Empty(confirmed.Keys.Except(found));
        Assert.Equal(0, await process.StopAsync());
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task A_graceful_stop_tells_every_client_why()
    {
        broker.SkipUnlessOwned();
        await using var process = BrokerProcess.InTemporaryDirectory();
        await process.StartAsync();
        await using IConnection connection = await ConnectAsync(process);
        Assert.Equal(0, await process.StopAsync());
        await Wait.UntilAsync("the client to be told", () => Task.FromResult(connection.CloseReason is not null));
        Assert.Equal(320, connection.CloseReason!.ReplyCode);
        Assert.StartsWith("CONNECTION_FORCED", connection.CloseReason.ReplyText);
    }

    private static async Task PublishUntilRefusedAsync(IChannel channel, ConcurrentDictionary<int, bool> confirmed)
    {
        const int Window = 64;
        var persistent = new BasicProperties { DeliveryMode = DeliveryModes.Persistent };
        for (int first = 0; ; first += Window)
            await Task.WhenAll(Enumerable.Range(first, Window).Select(PublishAsync));

        async Task PublishAsync(int i)
        {
            await channel.BasicPublishAsync("", "load", true, persistent, BitConverter.GetBytes(i));
            confirmed[i] = true;
        }
    }

    private static async Task EndAsync(BrokerProcess process, bool graceful)
    {
        if (graceful)
            Assert.Equal(0, await process.StopAsync());
        else
            await process.KillAsync();
    }

    private static Task<IConnection> ConnectAsync(BrokerProcess process) => new ConnectionFactory
    {
        HostName = "127.0.0.1",
        Port = process.AmqpPort,
        AutomaticRecoveryEnabled = false,
        TopologyRecoveryEnabled = false,
    }.CreateConnectionAsync();

    private static async Task AssertMissingAsync(IConnection connection, Func<IChannel, Task> method)
    {
        await using IChannel channel = await connection.CreateChannelAsync();
        var refused = await Assert.ThrowsAsync<OperationInterruptedException>(
            () => method(channel));
        Assert.Equal(404, refused.ShutdownReason!.ReplyCode);
    }
}
