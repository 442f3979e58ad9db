using Posthaste.Broker.Sessions;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>Clients that do not acknowledge in time lose their channel, and somebody else gets the message.</summary>
public sealed class ConsumerTimeoutTests : IAsyncDisposable
{
    private static readonly TimeSpan HalfAnHour = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private readonly BrokerHost _host;

    public ConsumerTimeoutTests() => _host = new BrokerHost(
        options => options.ConnectionTime = _time, new Amqp091Limits { HeartbeatSeconds = 0 });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task After_half_an_hour_the_channel_is_closed_and_the_message_is_ready_again()
    {
        var client = await ConsumingAsync();
        Pass(HalfAnHour - Tick);
        await client.ExpectSilenceAsync();
        Pass(2 * Tick);
        await client.ExpectChannelCloseAsync(ReplyCode.PreconditionFailed, TimedOut(1_800_000));
        await client.SendAsync(1, default(ChannelCloseOk));
        await client.OpenChannelAsync(1);
        Assert.Equal(1u, await client.CountAsync("q"));
        // The broker lost patience; that is no failed delivery.
        await client.SendAsync(1, new BasicGet { Queue = "q"u8 });
        var again = await client.ExpectContentAsync(MethodId.BasicGetOk);
        Assert.True(again.Decoded.Headers!.TryGetInt64("x-acquired-count", out var acquired));
        Assert.Equal((1L, false), (acquired, again.Decoded.Headers.ContainsKey("x-delivery-count")));
    }

    [Fact]
    public async Task An_acknowledgement_in_time_begins_nothing_anew_for_others()
    {
        var client = await ConsumingAsync();
        Pass(HalfAnHour / 2);
        await client.PublishAsync("", "q", "later");
        await client.ExpectDeliveryAsync();
        await client.SendAsync(1, new BasicAck { DeliveryTag = 1 });
        await client.ExpectSilenceAsync();
        Pass(HalfAnHour - Tick);
        await client.ExpectSilenceAsync();
        Pass(2 * Tick);
        await client.ExpectChannelCloseAsync(ReplyCode.PreconditionFailed, TimedOut(1_800_000));
    }

    [Theory]
    [InlineData(60_000L, null, 60_000)]
    [InlineData(null, 90_000L, 90_000)]
    [InlineData(60_000L, 90_000L, 90_000)]
    [InlineData(90_000L, 60_000L, 60_000)]
    public async Task The_consumers_own_timeout_counts_more_than_the_queues(long? queue, long? consumer, int expected)
    {
        var client = await ConsumingAsync(queue, consumer);
        Pass(TimeSpan.FromMilliseconds(expected) - Tick);
        await client.ExpectSilenceAsync();
        Pass(2 * Tick);
        await client.ExpectChannelCloseAsync(ReplyCode.PreconditionFailed, TimedOut(expected));
    }

    [Theory]
    [InlineData(0L, null)]
    [InlineData(60_000L, 0L)]
    public async Task Zero_gives_any_time(long? queue, long? consumer)
    {
        var client = await ConsumingAsync(queue, consumer);
        Pass(TimeSpan.FromDays(2));
        await client.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_patient_consumer_does_not_hide_an_impatient_one()
    {
        var client = await ConsumingAsync(consumer: 0);
        await client.DeclareQueueAsync("other");
        await client.ConsumeAsync("other", "d", arguments: [new("x-consumer-timeout", 60_000)]);
        await client.PublishAsync("", "other", "y");
        await client.ExpectDeliveryAsync();
        Pass(TimeSpan.FromSeconds(59));
        await client.ExpectSilenceAsync();
        Pass(2 * Tick);
        await client.ExpectChannelCloseAsync(ReplyCode.PreconditionFailed, TimedOut(60_000));
    }

    [Fact]
    public async Task A_message_that_was_got_has_to_be_acknowledged_too()
    {
        var client = await _host.OpenChannelAsync();
        await client.DeclareQueueAsync("q", [new("x-consumer-timeout", 60_000)]);
        await client.PublishAsync("", "q", "x");
        await client.SendAsync(1, new BasicGet { Queue = "q"u8 });
        await client.ExpectContentAsync(MethodId.BasicGetOk);
        Pass(TimeSpan.FromSeconds(62));
        await client.ExpectChannelCloseAsync(ReplyCode.PreconditionFailed, TimedOut(60_000));
    }

    [Fact]
    public async Task Other_channels_go_on()
    {
        var client = await ConsumingAsync(consumer: 60_000);
        await client.OpenChannelAsync(2);
        Pass(TimeSpan.FromSeconds(62));
        await client.ExpectChannelCloseAsync(ReplyCode.PreconditionFailed, TimedOut(60_000));
        await client.SendAsync(2, new BasicQos { PrefetchCount = 1 });
        await client.ExpectAsync(MethodId.BasicQosOk, 2);
    }

    [Fact]
    public async Task The_time_stands_still_while_the_client_is_not_read()
    {
        await using var host = new BrokerHost(
            options => (options.ConnectionTime, options.TransientBytesMax) = (_time, 1 << 20),
            new Amqp091Limits { HeartbeatSeconds = 0 });
        var other = await host.OpenChannelAsync();
        var client = await host.OpenChannelAsync(blockBytes: 65_536);
        await client.DeclareQueueAsync("q");
        await client.DeclareQueueAsync("backlog");
        await client.ConsumeAsync("q");
        await client.PublishAsync("", "q", "x");
        await client.ExpectDeliveryAsync();
        for (var i = 0; i < 120; i++)
            await client.SendAsync(TestClient.PublishFrames(1, "", "backlog", new byte[10_000]));
        Assert.Equal(120u, await client.CountAsync("backlog"));
        Pass(Tick);
        await client.PublishAsync("", "backlog", "one more");
        await client.ExpectAsync(MethodId.ConnectionBlocked, 0);
        Pass(2 * HalfAnHour);

        await other.SendAsync(1, new QueuePurge { Queue = "backlog"u8 });
        await other.ExpectAsync(MethodId.QueuePurgeOk);
        Pass(Tick);
        await client.ExpectAsync(MethodId.ConnectionUnblocked, 0);
        Pass(HalfAnHour - (2 * Tick));
        await client.ExpectSilenceAsync();
        Pass(4 * Tick);
        await client.ExpectChannelCloseAsync(ReplyCode.PreconditionFailed, TimedOut(1_800_000));
    }

    [Theory]
    [InlineData("x-consumer-timeout", -1L, "{value_negative,-1}")]
    [InlineData("x-consumer-timeout", "soon", "\"expected integer, got longstr\"")]
    [InlineData("x-priority", "high", "\"expected integer, got longstr\"")]
    public async Task Arguments_that_make_no_sense_are_refused(string name, object value, string fault)
    {
        var client = await _host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        FieldValue wrong = value is long number ? number : (string)value;
        await client.SendConsumeAsync("q", arguments: [new(name, wrong)]);
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed,
            $"PRECONDITION_FAILED - invalid arg '{name}' for queue 'q' in vhost '/': {fault}");
    }

    [Theory]
    [InlineData("x-stream-offset")]
    [InlineData("x-stream-filter")]
    [InlineData("x-stream-match-unfiltered")]
    public async Task Arguments_of_streams_are_refused_where_there_is_none(string name)
    {
        var client = await _host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendConsumeAsync("q", arguments: [new(name, "first")]);
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed,
            $"PRECONDITION_FAILED - invalid arg '{name}' for queue 'q' in vhost '/' of queue type " +
            "rabbit_classic_queue");
    }

    [Fact]
    public void Ages_are_never_too_large_and_out_by_little()
    {
        var ages = new DeliveryAges();
        for (var tag = 1UL; tag <= 10_000; tag++) ages.Note(oldestTag: 1, lastTag: tag, nowMs: (long)tag);
        for (var tag = 1L; tag <= 10_000; tag++)
            Assert.InRange(ages.AgeMs((ulong)tag, 10_000), Math.Max(0, 10_000 - tag - 320), 10_000 - tag);
    }

    private static string TimedOut(int timeoutMs) =>
        $"PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: {timeoutMs} ms. " +
        "This timeout value can be configured, see consumers doc guide to learn more";

    private async Task<TestClient> ConsumingAsync(long? queue = null, long? consumer = null)
    {
        var client = await _host.OpenChannelAsync();
        await client.DeclareQueueAsync(
            "q",
            [new("x-queue-type", "quorum"), .. queue is { } ms ? [new("x-consumer-timeout", ms)] : FieldTable.Empty],
            durable: true);
        await client.ConsumeAsync(
            "q", arguments: consumer is { } own ? [new("x-consumer-timeout", own)] : FieldTable.Empty);
        await client.PublishAsync("", "q", "x");
        await client.ExpectDeliveryAsync();
        return client;
    }

    private void Pass(TimeSpan time) => _time.Advance(time);
}
