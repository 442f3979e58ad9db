using System.Net.Sockets;
using Posthaste.Bench.Amqp;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Tests;

public sealed class ConsumerTests
{
    [Fact]
    public void Deliveries_in_order_pass() => Consume([0, 1, 2, 3]);

    [Theory]
    [InlineData(new long[] { 0, 2 })]
    [InlineData(new long[] { 0, 0 })]
    [InlineData(new long[] { 0, 1, 0 })]
    [InlineData(new long[] { 1 })]
    public void A_gap_a_duplicate_and_a_late_message_fail_the_run(long[] sequences) =>
        Assert.Throws<WorkloadException>(() => Consume(sequences));

    [Fact]
    public void Where_routing_skips_numbers_only_order_and_uniqueness_count()
    {
        SequenceCheck check = new("queue", gapless: false);
        check.Next(3);
        check.Next(7);
        Assert.Throws<WorkloadException>(() => check.Next(7));
    }

    [Fact]
    public void A_body_without_its_header_fails_the_run()
    {
        FrameWriter writer = new();
        writer.Begin(Frame.BodyType, Consumer.Channel).LongLong(0).LongLong(0).EndFrame();
        Assert.Throws<WorkloadException>(() => Apply(writer));
    }

    private static void Consume(long[] sequences)
    {
        FrameWriter writer = new();
        long tag = 0;
        foreach (long sequence in sequences)
        {
            Calibration.AddDelivery(writer, tag++, sequence, bodyBytes: 32);
        }

        Apply(writer);
    }

    private static void Apply(FrameWriter writer)
    {
        using AmqpConnection connection = new(
            new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), receiveBufferBytes: 1024);
        Consumer consumer = new(connection, [new SequenceCheck("queue", gapless: true)], ackEvery: 0, new Counter());
        ReadOnlySpan<byte> rest = writer.Written;
        while (Frame.TryRead(rest, out Frame frame, out int consumed))
        {
            consumer.Apply(frame);
            rest = rest[consumed..];
        }

        Assert.True(rest.IsEmpty);
    }
}
