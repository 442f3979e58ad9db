using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Wire;

/// <summary>What happens once a message must not allocate.</summary>
public sealed class MqttAllocationTests
{
    private const int RoundCount = 20;
    private const int MessageCount = 1_000;

    private readonly byte[] _buffer = new byte[512];

    [Theory]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V5)]
    public void Publishes_allocate_nothing(MqttVersion version) => AssertAllocatesNothing(() =>
    {
        Span<byte> room = stackalloc byte[64];
        var properties = new PropertyWriter(room);
        properties.UserProperty("region"u8, "eu"u8);
        properties.Number(PropertyId.MessageExpiryInterval, 60);
        var head = new PublishHead
        {
            QoS = QoS.AtLeastOnce,
            PacketId = 1,
            Topic = "orders/eu/placed"u8,
            MessageProperties = properties.List.Encoded,
            PayloadBytes = 16,
        };
        var written = head.Write(_buffer, version);
        Assert.True(PacketScanner.Scan(_buffer, version, 512, out var packet, out var bytes, out _)
            == ScanStatus.Complete);
        Assert.True(bytes == written + 16);
        Assert.True(Publish.TryRead(packet, version, out var publish, out _));
        Assert.True(publish.Payload.Length == 16);
        var expiryS = publish.Properties.Number(PropertyId.MessageExpiryInterval);
        Assert.True(expiryS == (version == MqttVersion.V5 ? 60u : 0));
    });

    [Fact]
    public void Answers_allocate_nothing() => AssertAllocatesNothing(() =>
    {
        foreach (var type in stackalloc[]
            { PacketType.PubAck, PacketType.PubRec, PacketType.PubRel, PacketType.PubComp })
        {
            PublishAnswer.WriteShort(_buffer, type, 7);
            PacketScanner.Scan(_buffer, MqttVersion.V5, 512, out var packet, out var bytes, out _);
            Assert.True(PublishAnswer.TryRead(packet, MqttVersion.V5, out var answer, out _));
            Assert.True(answer.Type == type && answer.PacketId == 7 && bytes == PublishAnswer.ShortBytes);
        }

        var refusal = new PublishAnswer { Type = PacketType.PubAck, PacketId = 7, Code = ReasonCode.QuotaExceeded };
        var written = PacketFrame.Write(_buffer, in refusal, MqttVersion.V5);
        PacketScanner.Scan(_buffer, MqttVersion.V5, 512, out var long5, out var length, out _);
        Assert.True(PublishAnswer.TryRead(long5, MqttVersion.V5, out var again, out _) && length == written);
        Assert.True(again.Code == ReasonCode.QuotaExceeded);
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
