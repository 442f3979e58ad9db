using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

public sealed class OutputTests
{
    [Fact]
    public async Task A_client_that_never_reads_holds_little_memory_and_is_cut()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(
            options => options.ConnectionTime = time, new Amqp091Limits { HeartbeatSeconds = 0 });
        var publisher = await host.OpenChannelAsync(blockBytes: 65_536, outputBytesMax: 1 << 20);
        var deaf = await host.OpenChannelAsync(blockBytes: 65_536, outputBytesMax: 65_536);
        await publisher.DeclareQueueAsync("q");
        await deaf.ConsumeAsync("q", noAck: true);
        var frame = TestClient.PublishFrames(1, "", "q", new byte[1000]);
        for (var i = 0; i < 2000; i++)
            await publisher.SendAsync(frame);

        // The pipe takes its 64 KiB, the side buffer as much again; the rest stays in the queue.
        Assert.InRange(await publisher.CountAsync("q"), 1700u, 1990u);
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(deaf.Served.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("the client does not read", await deaf.Aborted);
        await deaf.Served;
    }

    [Fact]
    public async Task A_slow_reader_gets_everything_in_order()
    {
        await using var host = new BrokerHost();
        var publisher = await host.OpenChannelAsync(blockBytes: 65_536);
        var slow = await host.OpenChannelAsync(blockBytes: 4096, outputBytesMax: 8192);
        await publisher.DeclareQueueAsync("q");
        await slow.ConsumeAsync("q", noAck: true);
        for (var i = 1; i <= 500; i++)
            await publisher.PublishAsync("", "q", $"{i}".PadLeft(3000));
        for (var i = 1UL; i <= 500; i++)
        {
            var (tag, _, text) = await slow.ExpectDeliveryAsync();
            Assert.Equal((i, $"{i}"), (tag, text.Trim()));
        }
    }

    [Fact]
    public async Task Publishers_are_blocked_and_told_while_memory_is_short_and_go_on_after()
    {
        await using var host = new BrokerHost(options => options.TransientBytesMax = 1 << 20);
        var publisher = await host.OpenChannelAsync(blockBytes: 65_536);
        var consumer = await host.OpenChannelAsync(blockBytes: 65_536, outputBytesMax: 8 << 20);
        await publisher.DeclareQueueAsync("q");
        var frame = TestClient.PublishFrames(1, "", "q", new byte[10_000]);
        var raised = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Broker.Alarms.Changed += () => raised.TrySetResult();
        for (var i = 0; i < 120; i++)
            await publisher.SendAsync(frame);
        await raised.Task.WaitAsync(TimeSpan.FromSeconds(20));

        // One more is read; it is what blocks.
        await publisher.SendAsync(frame);
        var payload = await publisher.ExpectAsync(MethodId.ConnectionBlocked, 0);
        Assert.True(ConnectionBlocked.TryRead(payload, out var blocked));
        Assert.Equal("low on memory"u8, blocked.Reason);
        await publisher.SendAsync(frame);
        await consumer.ConsumeAsync("q", noAck: true);
        await publisher.ExpectAsync(MethodId.ConnectionUnblocked, 0);
        for (var i = 0; i < 122; i++)
            await consumer.ExpectDeliveryAsync();
    }
}
