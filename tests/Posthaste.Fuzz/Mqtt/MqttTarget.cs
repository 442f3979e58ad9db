using System.Text;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;
using Posthaste.Protocols.Mqtt.Wire.Topics;
using static Posthaste.Fuzz.FuzzFindingException;

namespace Posthaste.Fuzz.Mqtt;

/// <summary>
/// The MQTT codec, given a stream of bytes as a peer may send it, in each version. Beside never failing otherwise than
/// by saying so, it has to mean the same before and after being encoded again, and a filter has to match what a
/// naive reading of the specification says it does.
/// </summary>
public sealed class MqttTarget : IFuzzTarget
{
    private const int PacketBytesMax = 4096;

    private static readonly MqttVersion[] Versions =
        [MqttVersion.Unknown, MqttVersion.V31, MqttVersion.V311, MqttVersion.V5];

    public string Name => "mqtt";

    public IReadOnlyList<byte[]> Corpus { get; } = MqttCorpus.Create();

    public void Run(ReadOnlySpan<byte> input)
    {
        CheckProperties(input);
        CheckTopics(input);
        foreach (var version in Versions)
            CheckStream(input, version);
    }

    private static void CheckStream(ReadOnlySpan<byte> input, MqttVersion version)
    {
        while (PacketScanner.Scan(input, version, PacketBytesMax, out var packet, out var bytes, out var error)
            is var status && status == ScanStatus.Complete)
        {
            Require(!error.IsError, "a complete packet is no error");
            Require(bytes >= 2 + packet.Body.Length && bytes <= input.Length, "a packet is header and body");
            Require(bytes <= PacketBytesMax, "no packet is beyond the limit");
            CheckPrefix(input[..(bytes - 1)], version);
            CheckPacket(packet, bytes, ref version);
            input = input[bytes..];
        }

        CheckIncomplete(input, version);
    }

    // What cannot be read yet has to ask for more than there is, and for no more than was agreed.
    private static void CheckIncomplete(ReadOnlySpan<byte> rest, MqttVersion version)
    {
        var status = PacketScanner.Scan(rest, version, PacketBytesMax, out _, out var bytes, out var error);
        Require(error.IsError == (status == ScanStatus.Error), "an error says what it is");
        if (status == ScanStatus.Error)
            return;
        Require(bytes > rest.Length, "waiting for more has to wait for something");
        Require(bytes <= PacketBytesMax, "nobody waits for a packet beyond the limit");
    }

    private static void CheckPrefix(ReadOnlySpan<byte> prefix, MqttVersion version) => Require(
        PacketScanner.Scan(prefix, version, PacketBytesMax, out _, out _, out _) == ScanStatus.NeedMore,
        "a packet that lacks an octet is waited for");

    private static void CheckPacket(Packet packet, int bytes, ref MqttVersion version)
    {
        if (!PacketProbe.TryRead(packet, ref version, out var text, out var rewritten, out var error))
        {
            Require(error.IsError && error.Code.IsFailure(), "a refusal says why");
            return;
        }

        Require(!error.IsError, "a sound packet is no error");
        Require(rewritten.Length <= bytes, "what is written is as short as can be");
        var status = PacketScanner.Scan(rewritten, version, int.MaxValue, out var again, out var length, out _);
        Require(status == ScanStatus.Complete && length == rewritten.Length, "what is written is one packet");
        Require(PacketProbe.TryRead(again, ref version, out var textAgain, out var twice, out _), "that is sound");
        Require(textAgain == text, "it says the same again");
        Require(twice.AsSpan().SequenceEqual(rewritten), "and is written the same again");
    }

    private static void CheckProperties(ReadOnlySpan<byte> input)
    {
        if (!PropertyList.TryRead(input, PropertyScope.Publish, out var properties, out var error))
        {
            Require(error.IsError, "a refused list says why");
            return;
        }

        var writer = new PropertyWriter(new byte[input.Length]);
        foreach (var property in properties)
        {
            Require(properties.Has(property.Id) && properties.TryFind(property.Id, out _), "what is there is found");
            switch (property.Id.Kind())
            {
                case PropertyKind.Utf8Pair:
                    writer.UserProperty(property.Name, property.Value);
                    break;
                case PropertyKind.Utf8 or PropertyKind.Topic or PropertyKind.Binary:
                    writer.Bytes(property.Id, property.Value);
                    break;
                default:
                    writer.Number(property.Id, property.Number);
                    break;
            }
        }

        Require(writer.List.Encoded.SequenceEqual(input), "a list that is written property by property is the same");
        Require(MqttText.Describe(PropertyList.OfChecked(input)) == MqttText.Describe(properties), "it says the same");
    }

    // The first octet says where the filter ends and the topic begins.
    private static void CheckTopics(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
            return;
        var split = 1 + int.Min(input[0] % 32, input.Length - 1);
        var filter = input[1..split];
        var topic = input[split..];
        if (!TopicName.IsValid(topic))
            Require(TopicName.ErrorOf(topic).IsError, "an invalid name has something wrong with it");
        if (!TopicName.IsValid(topic) || !TopicFilter.IsValid(filter) || TopicFilter.IsShared(filter))
            return;
        var expected = Matches(Encoding.UTF8.GetString(filter), Encoding.UTF8.GetString(topic));
        Require(TopicFilter.Matches(filter, topic) == expected, "a filter matches as it is written");
    }

    private static bool Matches(string filter, string topic)
    {
        if (topic[0] == '$' && filter[0] is '+' or '#')
            return false;
        var levels = filter.Split('/');
        var names = topic.Split('/');
        if (levels[^1] == "#")
        {
            return names.Length >= levels.Length - 1
                && levels[..^1].Zip(names).All(pair => pair.First == "+" || pair.First == pair.Second);
        }

        return names.Length == levels.Length
            && levels.Zip(names).All(pair => pair.First == "+" || pair.First == pair.Second);
    }
}
