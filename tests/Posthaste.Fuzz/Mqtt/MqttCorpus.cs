using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Fuzz.Mqtt;

/// <summary>Sound streams with everything in them that has a length, a flag or a range.</summary>
internal static class MqttCorpus
{
    public static IReadOnlyList<byte[]> Create()
    {
        var publish = PublishProperties();
        return
        [
            [],
            publish,
            [6, .. "+/#/$a/b$SYS/a/b/c"u8],
            [.. Connect(MqttVersion.V5), .. Publish(MqttVersion.V5, QoS.AtMostOnce, publish), .. PacketFrame.PingReq],
            [.. Connect(MqttVersion.V311), .. Publish(MqttVersion.V311, QoS.AtLeastOnce, [])],
            [.. Connect(MqttVersion.V31), .. Publish(MqttVersion.V31, QoS.ExactlyOnce, [])],
            Write(new ConnAck { Properties = PropertyList.OfChecked(ConnAckProperties()) }, MqttVersion.V5),
            [.. Answer(PacketType.PubAck), .. Answer(PacketType.PubRec), .. Answer(PacketType.PubRel)],
            [.. Answer(PacketType.PubComp), .. PacketFrame.PingResp],
            Write(Subscribe(), MqttVersion.V5),
            Write(new SubAck { PacketId = 1, Codes = [0, 1, 2, 0x80] }, MqttVersion.V5),
            Write(new Unsubscribe { PacketId = 2, Filters = [0, 3, .. "a/b"u8, 0, 1, .. "#"u8] }, MqttVersion.V5),
            Write(new UnsubAck { PacketId = 2, Codes = [0, 0x11] }, MqttVersion.V5),
            Write(
                new Disconnect { Code = ReasonCode.ServerMoved, Properties = PropertyList.OfChecked(Reference()) },
                MqttVersion.V5),
            Write(
                new Auth { Code = ReasonCode.ContinueAuthentication, Properties = PropertyList.OfChecked(Method()) },
                MqttVersion.V5),
        ];
    }

    private static byte[] Connect(MqttVersion version)
    {
        var writer = new PropertyWriter(new byte[128]);
        writer.Number(PropertyId.SessionExpiryInterval, 3600);
        writer.Number(PropertyId.ReceiveMaximum, 20);
        writer.Number(PropertyId.MaximumPacketSize, 100_000);
        writer.Number(PropertyId.RequestProblemInformation, 1);
        writer.UserProperty("a"u8, "b"u8);
        var will = new PropertyWriter(new byte[128]);
        will.Number(PropertyId.WillDelayInterval, 5);
        will.Number(PropertyId.PayloadFormatIndicator, 1);
        return Write(
            new Connect
            {
                Version = version,
                CleanStart = true,
                KeepAliveSeconds = 60,
                ClientId = "client"u8,
                Properties = writer.List,
                HasWill = true,
                Will = new Will { Topic = "w/t"u8, Payload = "gone"u8, QoS = QoS.AtLeastOnce, Properties = will.List },
                HasUserName = true,
                UserName = "guest"u8,
                HasPassword = true,
                Password = "guest"u8,
            },
            version);
    }

    private static byte[] Publish(MqttVersion version, QoS qos, byte[] properties) => Write(
        new Publish
        {
            QoS = qos,
            PacketId = qos == QoS.AtMostOnce ? (ushort)0 : (ushort)10,
            Retain = true,
            Topic = "a/b"u8,
            Properties = PropertyList.OfChecked(properties),
            Payload = new byte[130],
        },
        version);

    private static byte[] PublishProperties()
    {
        var writer = new PropertyWriter(new byte[256]);
        writer.Number(PropertyId.PayloadFormatIndicator, 1);
        writer.Number(PropertyId.MessageExpiryInterval, 60);
        writer.Number(PropertyId.TopicAlias, 3);
        writer.Bytes(PropertyId.ResponseTopic, "r/t"u8);
        writer.Bytes(PropertyId.CorrelationData, [0, 255]);
        writer.UserProperty("k"u8, "v"u8);
        writer.UserProperty("k"u8, ""u8);
        writer.Number(PropertyId.SubscriptionIdentifier, 1);
        writer.Number(PropertyId.SubscriptionIdentifier, 200_000);
        writer.Bytes(PropertyId.ContentType, "text/plain"u8);
        return writer.List.Encoded.ToArray();
    }

    private static byte[] ConnAckProperties()
    {
        var writer = new PropertyWriter(new byte[256]);
        writer.Bytes(PropertyId.AssignedClientIdentifier, "auto-1"u8);
        writer.Number(PropertyId.ServerKeepAlive, 30);
        writer.Number(PropertyId.TopicAliasMaximum, 10);
        writer.Number(PropertyId.MaximumQoS, 1);
        writer.Bytes(PropertyId.ReasonString, "welcome"u8);
        writer.Bytes(PropertyId.ResponseInformation, "r/"u8);
        return writer.List.Encoded.ToArray();
    }

    private static byte[] Answer(PacketType type)
    {
        var writer = new PropertyWriter(new byte[64]);
        writer.Bytes(PropertyId.ReasonString, "why"u8);
        var code = type is PacketType.PubAck or PacketType.PubRec
            ? ReasonCode.QuotaExceeded
            : ReasonCode.PacketIdentifierNotFound;
        return
        [
            .. Write(new PublishAnswer { Type = type, PacketId = 7 }, MqttVersion.V5),
            .. Write(
                new PublishAnswer { Type = type, PacketId = 7, Code = code, Properties = writer.List },
                MqttVersion.V5),
        ];
    }

    private static Subscribe Subscribe()
    {
        var writer = new PropertyWriter(new byte[8]);
        writer.Number(PropertyId.SubscriptionIdentifier, 5);
        return new Subscribe
        {
            PacketId = 1,
            Properties = writer.List,
            Subscriptions = (byte[])[0, 3, .. "a/+"u8, 0b0010_1101, 0, 10, .. "$share/g/#"u8, 2],
        };
    }

    private static byte[] Reference()
    {
        var writer = new PropertyWriter(new byte[32]);
        writer.Bytes(PropertyId.ServerReference, "other:1883"u8);
        return writer.List.Encoded.ToArray();
    }

    private static byte[] Method()
    {
        var writer = new PropertyWriter(new byte[64]);
        writer.Bytes(PropertyId.AuthenticationMethod, "SCRAM-SHA-256"u8);
        writer.Bytes(PropertyId.AuthenticationData, [1, 2, 3]);
        return writer.List.Encoded.ToArray();
    }

    private static byte[] Write<TPacket>(TPacket packet, MqttVersion version)
        where TPacket : IPacket<TPacket>, allows ref struct
    {
        var bytes = new byte[PacketFrame.GetBytes(in packet, version)];
        PacketFrame.Write(bytes, in packet, version);
        return bytes;
    }
}
