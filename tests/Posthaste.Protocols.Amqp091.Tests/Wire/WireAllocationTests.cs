using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

/// <summary>What happens once a message must not allocate.</summary>
public sealed class WireAllocationTests
{
    private const int RoundCount = 20;
    private const int MessageCount = 1_000;
    private const int FrameMax = 131_072;

    private readonly byte[] _publish;
    private readonly byte[] _buffer = new byte[4096];

    public WireAllocationTests()
    {
        var properties = new BasicProperties
        {
            DeliveryMode = 2,
            Headers = [new("region", "eu"), new("attempt", 3), new("tags", FieldValue.Array("a", "b"))],
            CorrelationId = "c-1",
        }.Encode();
        var body = new byte[1024];
        _publish = new byte[ContentFrames.GetPublishSize(9, 12, properties.Length, body.Length, FrameMax)];
        ContentFrames.WritePublish(
            _publish, 1, "amq.topic"u8, "order.placed"u8, false, properties, body, FrameMax);
    }

    [Fact]
    public void Reading_publishes_in_one_go_allocates_nothing() => AssertAllocatesNothing(() =>
    {
        Assert.True(PublishReader.TryReadPublish(_publish, FrameMax, out var publish, out _));
        Assert.True(BasicPropertiesReader.TryRead(publish.Properties, out var properties));
        Assert.True(properties.IsPersistent);
        Assert.True(FieldTableReader.IsValid(properties.Headers));
        Assert.True(new FieldTableReader(properties.Headers).TryFind("attempt"u8, out var value));
        Assert.True(value.TryGetInt64(out var attempt) && attempt == 3);
    });

    [Fact]
    public void Reading_publishes_frame_by_frame_allocates_nothing() => AssertAllocatesNothing(() =>
    {
        var rest = _publish.AsSpan();
        var isComplete = FrameScanner.Scan(rest, FrameMax, out var method, out var bytes, out _);
        Assert.True(isComplete == FrameScanStatus.Complete && BasicPublish.TryRead(method.Payload, out _));
        rest = rest[bytes..];
        isComplete = FrameScanner.Scan(rest, FrameMax, out var header, out bytes, out _);
        Assert.True(isComplete == FrameScanStatus.Complete && ContentHeader.TryRead(header.Payload, out _));
        rest = rest[bytes..];
        isComplete = FrameScanner.Scan(rest, FrameMax, out var body, out _, out _);
        Assert.True(isComplete == FrameScanStatus.Complete && body.Payload.Length == 1024);
    });

    [Fact]
    public void Writing_deliveries_allocates_nothing() => AssertAllocatesNothing(() =>
    {
        PublishReader.TryReadPublish(_publish, FrameMax, out var publish, out _);
        var size = ContentFrames.GetDeliverSize(
            4,
            publish.Exchange.Length,
            publish.RoutingKey.Length,
            publish.Properties.Length,
            publish.Body.Length,
            FrameMax);
        var written = ContentFrames.WriteDeliver(
            _buffer,
            1,
            "ctag"u8,
            deliveryTag: 1,
            redelivered: false,
            publish.Exchange,
            publish.RoutingKey,
            publish.Properties,
            publish.Body,
            FrameMax);
        Assert.True(size == written);
    });

    [Fact]
    public void Acknowledging_and_editing_properties_allocate_nothing() => AssertAllocatesNothing(() =>
    {
        var ack = new BasicAck { DeliveryTag = 7, Multiple = true };
        var bytes = MethodFrame.Write(_buffer, 1, in ack);
        FrameScanner.Scan(_buffer.AsSpan(0, bytes), FrameMax, out var frame, out _, out _);
        Assert.True(BasicAck.TryRead(frame.Payload, out var again) && again.DeliveryTag == 7);

        PublishReader.TryReadPublish(_publish, FrameMax, out var publish, out _);
        BasicPropertiesReader.TryRead(publish.Properties, out var properties);
        var edit = new BasicPropertiesEdit(properties);
        edit.SetReplyTo("amq.rabbitmq.reply-to.1"u8);
        edit.Remove(BasicProperty.Expiration);
        Assert.True(edit.Write(_buffer) == edit.Bytes);
    });

    private static void AssertAllocatesNothing(Action once)
    {
        // The runtime itself allocates a little on this thread while it replaces code by better code: the best round
        // counts. What a message allocates, every round does.
        var least = long.MaxValue;
        for (var round = 0; round < RoundCount && least > 0; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < MessageCount; i++)
                once();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
