using Posthaste.Broker.Statistics;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>What channels and connections count, and what is seen of it above.</summary>
public sealed class StatisticsTests
{
    [Fact]
    public async Task A_channel_counts_what_its_client_does_and_the_connection_keeps_it()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SelectConfirmsAsync();
        await client.PublishAsync("", "q", "one");
        await client.ExpectAsync(MethodId.BasicAck);
        await client.PublishAsync("", "nowhere", "two");
        await client.ExpectAsync(MethodId.BasicAck);
        await client.ConsumeAsync("q");
        var (tag, _, _) = await client.ExpectDeliveryAsync();
        await client.SendAsync(1, new BasicAck { DeliveryTag = tag });
        await client.SendAsync(1, new BasicGet { Queue = "q"u8 });
        await client.ExpectAsync(MethodId.BasicGetEmpty);

        var connection = Assert.Single(host.Broker.Connections);
        var channel = Assert.Single(connection.Channels);
        AssertCounts(channel.Meter.Now);
        AssertCounts(connection.Meter.Now);
        Assert.Equal(1, channel.Number);
        Assert.True(channel.IsConfirming);
        Assert.Equal(1, channel.ConsumerCount);
        Assert.Equal(0, channel.UnconfirmedCount);

        await client.SendAsync(1, new ChannelClose());
        await client.ExpectAsync(MethodId.ChannelCloseOk);
        Assert.Empty(connection.Channels);
        AssertCounts(connection.Meter.Now);

        // The broker has the publisher's side from connections and the consumer's from queues: nothing twice.
        AssertCounts(host.Broker.Statistics.Broker.Now);
        Assert.Equal(1, host.Broker.Statistics.Broker.Now.Of(Metric.Enqueued));
    }

    [Fact]
    public async Task A_connection_counts_its_bytes_and_the_broker_keeps_them()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        var connection = Assert.Single(host.Broker.Connections);
        var before = connection.Meter.Now;
        var frames = TestClient.PublishFrames(1, "", "nowhere", "hello"u8.ToArray());
        await client.SendAsync(frames);
        await client.DeclareQueueAsync("q");

        // A read is counted when it has been worked through, so perhaps after its answer has gone out.
        var deadline = Environment.TickCount64 + 30_000;
        var after = connection.Meter.Now;
        while (after.Of(Metric.ReceivedBytes) - before.Of(Metric.ReceivedBytes) <= frames.Length)
        {
            Assert.True(Environment.TickCount64 < deadline, "what was received is not counted");
            await Task.Yield();
            after = connection.Meter.Now;
        }

        Assert.True(after.Of(Metric.SentBytes) > before.Of(Metric.SentBytes));
        Assert.True(after.Of(Metric.Reads) > before.Of(Metric.Reads));
        Assert.True(after.Of(Metric.Flushes) > before.Of(Metric.Flushes));

        client.HangUp();
        await client.Served.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.True(
            host.Broker.Statistics.Broker.Now.Of(Metric.ReceivedBytes) >= after.Of(Metric.ReceivedBytes));
        Assert.Empty(host.Broker.Connections);
    }

    [Fact]
    public async Task A_mandatory_message_that_comes_back_is_no_dropped_one()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.PublishAsync("", "nowhere", "back", mandatory: true);
        await client.ExpectContentAsync(MethodId.BasicReturn);

        var counts = Assert.Single(Assert.Single(host.Broker.Connections).Channels).Meter.Now;
        Assert.Equal(1, counts.Of(Metric.Published));
        Assert.Equal(1, counts.Of(Metric.ReturnedUnroutable));
        Assert.Equal(0, counts.Of(Metric.DroppedUnroutable));
    }

    private static void AssertCounts(MetricValues counts)
    {
        Assert.Equal(2, counts.Of(Metric.Published));
        Assert.Equal(2, counts.Of(Metric.Confirmed));
        Assert.Equal(1, counts.Of(Metric.DroppedUnroutable));
        Assert.Equal(1, counts.Of(Metric.Delivered));
        Assert.Equal(1, counts.Of(Metric.Acknowledged));
        Assert.Equal(1, counts.Of(Metric.GotEmpty));
        Assert.Equal(0, counts.Of(Metric.Redelivered));
    }
}
