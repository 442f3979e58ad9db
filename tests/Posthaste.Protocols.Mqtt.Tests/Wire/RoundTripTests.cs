using FsCheck;
using FsCheck.Fluent;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Wire;

/// <summary>What is written is read again, whatever it is: field by field, against the values that went in.</summary>
public sealed class RoundTripTests
{
    private static readonly MqttVersion[] Versions = [MqttVersion.V31, MqttVersion.V311, MqttVersion.V5];

    private static readonly Gen<byte[]> Octets =
        Gen.Frequency((20, Size(0, 200)), (5, Size(120, 130)), (1, Size(16_380, 16_390)), (1, Size(65_535, 65_535)));

    private static readonly Gen<byte[]> Text =
        Gen.Elements('a', '/', 'é', '€', '\u0001').NonEmptyListOf().Select(
            chars => System.Text.Encoding.UTF8.GetBytes(string.Concat(chars)));

    private sealed record Message(
        MqttVersion Version, int QoS, bool Retain, bool Duplicate, ushort Id, byte[] Topic, byte[] Payload,
        (byte[] Name, byte[] Value)[] UserProperties, uint ExpiryS, uint[] SubscriptionIds);

    [Fact]
    public void A_publish_is_read_as_it_was_written() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2_000), Prop.ForAll(Messages().ToArbitrary(), message =>
        {
            var properties = new PropertyWriter(new byte[1 << 20]);
            properties.Number(PropertyId.MessageExpiryInterval, message.ExpiryS);
            foreach (var (name, value) in message.UserProperties)
                properties.UserProperty(name, value);
            foreach (var id in message.SubscriptionIds)
                properties.Number(PropertyId.SubscriptionIdentifier, id);
            var written = new Publish
            {
                QoS = (QoS)message.QoS,
                Retain = message.Retain,
                Duplicate = message.Duplicate && message.QoS > 0,
                PacketId = message.QoS > 0 ? message.Id : (ushort)0,
                Topic = message.Topic,
                Properties = properties.List,
                Payload = message.Payload,
            };
            var octets = new byte[PacketFrame.GetBytes(in written, message.Version)];
            Assert.Equal(octets.Length, PacketFrame.Write(octets, in written, message.Version));

            var status = PacketScanner.Scan(
                octets, message.Version, Packet.BytesMax, out var packet, out var bytes, out _);
            Assert.Equal(ScanStatus.Complete, status);
            Assert.Equal(octets.Length, bytes);
            Assert.True(Publish.TryRead(packet, message.Version, out var read, out var error), error.Detail);
            Assert.Equal(
                (written.QoS, written.Retain, written.Duplicate, written.PacketId),
                (read.QoS, read.Retain, read.Duplicate, read.PacketId));
            Assert.Equal(message.Topic, read.Topic.ToArray());
            Assert.Equal(message.Payload, read.Payload.ToArray());
            AssertProperties(message, read.Properties);
        }));

    [Fact]
    public void A_connect_is_read_as_it_was_written() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1_000), Prop.ForAll(Messages().ToArbitrary(), message =>
        {
            var written = new Connect
            {
                Version = message.Version,
                CleanStart = message.Duplicate,
                KeepAliveSeconds = message.Id,
                ClientId = message.Topic,
                HasWill = message.QoS > 0,
                Will = new Will
                {
                    QoS = (QoS)message.QoS,
                    Retain = message.Retain,
                    Topic = message.Topic,
                    Payload = message.Payload,
                },
                HasUserName = true,
                UserName = message.Topic,
                HasPassword = message.Retain,
                Password = message.Payload,
            };
            var octets = new byte[PacketFrame.GetBytes(in written, message.Version)];
            Assert.Equal(octets.Length, PacketFrame.Write(octets, in written, message.Version));

            PacketScanner.Scan(octets, MqttVersion.Unknown, Packet.BytesMax, out var packet, out _, out _);
            Assert.True(Connect.TryRead(packet, MqttVersion.Unknown, out var read, out var error), error.Detail);
            Assert.Equal(
                (written.Version, written.CleanStart, written.KeepAliveSeconds, written.HasWill, written.HasPassword),
                (read.Version, read.CleanStart, read.KeepAliveSeconds, read.HasWill, read.HasPassword));
            Assert.Equal(message.Topic, read.ClientId.ToArray());
            Assert.Equal(message.Topic, read.UserName.ToArray());
            Assert.Equal(message.Retain ? message.Payload : [], read.Password.ToArray());
            Assert.Equal(message.QoS > 0 ? message.Topic : [], read.Will.Topic.ToArray());
            Assert.Equal(message.QoS > 0 ? message.Payload : [], read.Will.Payload.ToArray());
            Assert.Equal(message.QoS > 0 && message.Retain, read.Will.Retain);
            Assert.Equal((QoS)message.QoS, read.Will.QoS);
        }));

    /// <summary>Table 1-1: the ends of each range, and the octets that they take.</summary>
    [Theory]
    [InlineData(0, "00")]
    [InlineData(127, "7F")]
    [InlineData(128, "8001")]
    [InlineData(16_383, "FF7F")]
    [InlineData(16_384, "808001")]
    [InlineData(2_097_151, "FFFF7F")]
    [InlineData(2_097_152, "80808001")]
    [InlineData(268_435_455, "FFFFFF7F")]
    public void A_variable_byte_integer_takes_the_octets_of_table_1_1(uint value, string hex)
    {
        var octets = new byte[VariableByteInteger.GetBytes(value)];
        Assert.Equal(octets.Length, VariableByteInteger.Write(octets, value));
        Assert.Equal(hex, Convert.ToHexString(octets));
        Assert.True(VariableByteInteger.TryRead(octets, out var read, out var bytes));
        Assert.Equal((value, octets.Length), (read, bytes));
        Assert.False(VariableByteInteger.TryRead(octets.AsSpan(0, octets.Length - 1), out _, out _));
    }

    private static void AssertProperties(Message message, PropertyList properties)
    {
        if (message.Version != MqttVersion.V5)
        {
            Assert.True(properties.IsEmpty);
            return;
        }

        var users = new List<(string, string)>();
        var ids = new List<uint>();
        foreach (var property in properties)
        {
            if (property.Id == PropertyId.UserProperty)
                users.Add((Convert.ToHexString(property.Name), Convert.ToHexString(property.Value)));
            if (property.Id == PropertyId.SubscriptionIdentifier)
                ids.Add(property.Number);
        }

        Assert.Equal(message.ExpiryS, properties.Number(PropertyId.MessageExpiryInterval, absent: 1));
        Assert.Equal(message.SubscriptionIds, ids);
        Assert.Equal(
            message.UserProperties.Select(pair => (Convert.ToHexString(pair.Name), Convert.ToHexString(pair.Value))),
            users);
    }

    private static Gen<Message> Messages() =>
        from version in Gen.Elements(Versions)
        from qos in Gen.Choose(0, 2)
        from flags in Gen.Choose(0, 3)
        from id in Gen.OneOf(Gen.Choose(1, 300), Gen.Constant(65_535))
        from topic in Text
        from payload in Octets
        from users in Text.Zip(Text).ListOf()
        from expiry in Gen.Elements(0u, 1u, uint.MaxValue)
        from subscriptions in Gen.Elements(1u, 127u, 128u, 268_435_455u).ListOf()
        select new Message(
            version, qos, (flags & 1) != 0, (flags & 2) != 0, (ushort)id, topic, payload,
            [.. users.Select(pair => (pair.Item1, pair.Item2))], expiry, [.. subscriptions]);

    private static Gen<byte[]> Size(int least, int most) =>
        Gen.Choose(least, most).Select(size => Enumerable.Range(0, size).Select(i => (byte)i).ToArray());
}
