using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Wire;

public sealed class PublishTests
{
    [Fact]
    public void The_head_and_the_whole_are_written_alike()
    {
        Span<byte> own = stackalloc byte[16];
        Span<byte> stored = stackalloc byte[64];
        var ownWriter = new PropertyWriter(own);
        ownWriter.Number(PropertyId.TopicAlias, 7);
        ownWriter.Number(PropertyId.SubscriptionIdentifier, 300);
        var storedWriter = new PropertyWriter(stored);
        storedWriter.UserProperty("k"u8, "v"u8);
        storedWriter.Bytes(PropertyId.ContentType, "text/plain"u8);
        byte[] payload = [1, 2, 3];
        var head = new PublishHead
        {
            QoS = QoS.AtLeastOnce,
            Retain = true,
            PacketId = 9,
            Topic = "a/b"u8,
            OwnProperties = ownWriter.List.Encoded,
            MessageProperties = storedWriter.List.Encoded,
            PayloadBytes = payload.Length,
        };
        foreach (var version in new[] { MqttVersion.V31, MqttVersion.V311, MqttVersion.V5 })
        {
            var bytes = new byte[head.GetPacketBytes(version)];
            var written = head.Write(bytes, version);
            Assert.Equal(head.GetBytes(version), written);
            payload.CopyTo(bytes.AsSpan(written));

            var status = PacketScanner.Scan(bytes, version, bytes.Length, out var packet, out var scanned, out _);
            Assert.Equal(ScanStatus.Complete, status);
            Assert.Equal(bytes.Length, scanned);
            Assert.True(Publish.TryRead(packet, version, out var publish, out var error), error.Detail);
            Assert.Equal(version == MqttVersion.V5 ? 7u : 0, publish.Properties.Number(PropertyId.TopicAlias));
            Assert.True(publish.Payload.SequenceEqual(payload));

            var again = new byte[PacketFrame.GetBytes(in publish, version)];
            Assert.Equal(again.Length, PacketFrame.Write(again, in publish, version));
            Assert.Equal(bytes, again);
        }
    }
}
