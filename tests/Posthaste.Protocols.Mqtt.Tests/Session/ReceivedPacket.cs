using System.Text;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>A packet that the broker sent, with what tests look at.</summary>
internal sealed record ReceivedPacket(PacketType Type)
{
    public ReasonCode Code { get; init; }

    public ushort PacketId { get; init; }

    public bool SessionPresent { get; init; }

    public ReasonCode[] Codes { get; init; } = [];

    public string Topic { get; init; } = "";

    public byte[] Payload { get; init; } = [];

    public QoS QoS { get; init; }

    public bool Retain { get; init; }

    public bool Duplicate { get; init; }

    public TestProperty[] Properties { get; init; } = [];

    public string Text => Encoding.UTF8.GetString(Payload);

    public uint? Number(PropertyId id) => Properties.FirstOrDefault(property => property.Id == id)?.Number;

    public string? TextOf(PropertyId id) => Properties.FirstOrDefault(property => property.Id == id)?.Text;

    public uint[] Identifiers =>
        [.. Properties.Where(property => property.Id == PropertyId.SubscriptionIdentifier).Select(p => p.Number)];

    public override string ToString() =>
        $"{Type} {Code} id={PacketId} '{Cut(Topic)}' {Cut(Text)} [{string.Join(',', Codes)}]";

    /// <summary>Decodes with the broker's own codec, which its tests hold to the specifications.</summary>
    public static ReceivedPacket Read(Packet packet, MqttVersion version)
    {
        WireError error = default;
        ReceivedPacket? read = packet.Type switch
        {
            PacketType.ConnAck when ConnAck.TryRead(packet, version, out var ack, out error) => new(packet.Type)
            {
                Code = ack.Code,
                SessionPresent = ack.SessionPresent,
                Properties = Copy(ack.Properties),
            },
            PacketType.Publish when Publish.TryRead(packet, version, out var publish, out error) => new(packet.Type)
            {
                PacketId = publish.PacketId,
                Topic = Encoding.UTF8.GetString(publish.Topic),
                Payload = publish.Payload.ToArray(),
                QoS = publish.QoS,
                Retain = publish.Retain,
                Duplicate = publish.Duplicate,
                Properties = Copy(publish.Properties),
            },
            PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp
                when PublishAnswer.TryRead(packet, version, out var answer, out error) => new(packet.Type)
                {
                    PacketId = answer.PacketId,
                    Code = answer.Code,
                    Properties = Copy(answer.Properties),
                },
            PacketType.SubAck when SubAck.TryRead(packet, version, out var ack, out error) => new(packet.Type)
            {
                PacketId = ack.PacketId,
                Codes = [.. ack.Codes.ToArray().Select(code => (ReasonCode)code)],
                Properties = Copy(ack.Properties),
            },
            PacketType.UnsubAck when UnsubAck.TryRead(packet, version, out var ack, out error) => new(packet.Type)
            {
                PacketId = ack.PacketId,
                Codes = [.. ack.Codes.ToArray().Select(code => (ReasonCode)code)],
            },
            PacketType.Disconnect when Disconnect.TryRead(packet, version, out var end, out error) => new(packet.Type)
            {
                Code = end.Code,
                Properties = Copy(end.Properties),
            },
            PacketType.Auth when Auth.TryRead(packet, version, out var auth, out error) => new(packet.Type)
            {
                Code = auth.Code,
                Properties = Copy(auth.Properties),
            },
            PacketType.PingResp => new(packet.Type),
            _ => null,
        };
        Assert.True(read is not null, $"{packet.Type}: {error.Detail}");
        return read;
    }

    private static string Cut(string text) => text.Length <= 40 ? text : text[..40] + "...";

    private static TestProperty[] Copy(PropertyList properties)
    {
        var copied = new List<TestProperty>();
        foreach (var property in properties)
        {
            copied.Add(new TestProperty(
                property.Id, property.Number, Encoding.UTF8.GetString(property.Name), property.Value.ToArray()));
        }

        return [.. copied];
    }
}
