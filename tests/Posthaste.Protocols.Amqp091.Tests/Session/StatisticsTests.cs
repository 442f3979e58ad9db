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

    [Fact]
    public async Task Sizes_of_messages_are_counted_by_protocol_and_kept_when_the_connection_is_gone()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SelectConfirmsAsync();
        foreach (var bytes in (int[])[100, 101, 2_000])
        {
            await client.SendAsync(TestClient.PublishFrames(1, "", "nowhere", new byte[bytes]));
            await client.ExpectAsync(MethodId.BasicAck);
        }

        client.HangUp();
        await client.Served.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        var meter = host.Broker.Statistics.Protocols["amqp"];
        Assert.Equal(3, meter.Now.Of(Metric.PublishedToConfirm));
        Assert.Equal([1, 1, 1, 0, 0, 0, 0, 0, 0], meter.Sizes.Counts.ToArray());
        Assert.Equal(2_201, meter.Sizes.SumBytes);
    }

    [Fact]
    public async Task The_oldest_delivery_is_found_with_its_age_and_its_holder()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(
            options => options.ConnectionTime = time, new Amqp091Limits { HeartbeatSeconds = 0 });
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("held");
        await client.DeclareQueueAsync("free");
        await client.ConsumeAsync("held", "tag");
        await client.PublishAsync("", "held", "old");
        var (oldest, _, _) = await client.ExpectDeliveryAsync();
        time.Advance(TimeSpan.FromMinutes(5));
        await client.PublishAsync("", "held", "young");
        await client.ExpectDeliveryAsync();
        time.Advance(TimeSpan.FromMinutes(1));

        var queue = host.Broker.Queues.Single(static queue => queue.Name == "held");
        var channel = Assert.Single(Assert.Single(host.Broker.Connections).Channels);
        var pins = host.Broker.LookAtPins();
        var holder = pins.Of(queue).OldestUnacked!;
        Assert.InRange(holder.AgeMs, 359_000, 360_000);
        Assert.Equal(("tag", channel), (holder.ConsumerTag, holder.Channel));
        Assert.Equal(holder.AgeMs, pins.OldestUnackedMs(channel));
        Assert.Null(pins.Of(host.Broker.Queues.Single(static queue => queue.Name == "free")).OldestUnacked);

        await client.SendAsync(1, new BasicAck { DeliveryTag = oldest });
        await client.ExpectSilenceAsync();
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.InRange(host.Broker.LookAtPins().Of(queue).OldestUnacked!.AgeMs, 64_000, 65_000);
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
