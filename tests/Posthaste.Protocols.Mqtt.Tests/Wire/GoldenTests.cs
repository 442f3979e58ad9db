using Posthaste.Fuzz.Mqtt;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Tests.Wire;

public sealed class GoldenTests
{
    private const int PacketBytesMax = 4096;

    [Fact]
    public void Every_vector_decodes_to_what_it_says()
    {
        foreach (var vector in GoldenVector.All)
            AssertDecodes(vector, vector.Octets.Length, 0);
    }

    [Fact]
    public void Every_vector_says_the_same_byte_by_byte()
    {
        foreach (var vector in GoldenVector.All)
            AssertDecodes(vector, 1, 1);
    }

    [Fact]
    public void Every_vector_says_the_same_split_at_any_point()
    {
        foreach (var vector in GoldenVector.All)
        {
            for (var at = 1; at < vector.Octets.Length; at++)
                AssertDecodes(vector, at, vector.Octets.Length - at);
        }
    }

    /// <summary>AUTH is the only packet that 3.x does not have.</summary>
    [Theory]
    [InlineData(MqttVersion.V31)]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V5)]
    public void Every_packet_is_among_the_vectors(MqttVersion version)
    {
        var seen = GoldenVector.All
            .Where(vector => vector.Version == version)
            .SelectMany(vector => vector.Expected)
            .Select(line => line.Split(' ')[0])
            .ToHashSet();

        foreach (var type in Enum.GetValues<PacketType>())
            Assert.Equal(version == MqttVersion.V5 || type != PacketType.Auth, seen.Contains(MqttText.Lower(type)));
    }

    [Fact]
    public void Every_sound_packet_is_written_as_it_was_read()
    {
        var count = 0;
        foreach (var vector in GoldenVector.All)
        {
            var rest = vector.Octets.AsSpan();
            var version = vector.Version;
            while (PacketScanner.Scan(rest, version, PacketBytesMax, out var packet, out var bytes, out _)
                == ScanStatus.Complete)
            {
                if (PacketProbe.TryRead(packet, ref version, out _, out var written, out _) && !IsRepaired(vector))
                {
                    Assert.Equal(Convert.ToHexString(rest[..bytes]), Convert.ToHexString(written));
                    count++;
                }

                rest = rest[bytes..];
            }
        }

        Assert.True(count > 120, $"{count} packets");
    }

    [Fact]
    public void Every_code_of_a_refusal_is_among_the_vectors()
    {
        var seen = GoldenVector.All.SelectMany(vector => vector.Expected).ToHashSet();
        foreach (var code in new[] { "81", "82", "84", "90", "94", "95" })
            Assert.Contains($"error {code}", seen);
    }

    /// <summary>
    /// What a writer does better than the sender did: superfluous octets, flags without their fields, DUP in packets
    /// that have no such flag any more.
    /// </summary>
    private static bool IsRepaired(GoldenVector vector) =>
        vector.Title.Contains("superfluous", StringComparison.Ordinal)
        || vector.Title.Contains("flagged but missing", StringComparison.Ordinal)
        || vector.Title.Contains("sent again", StringComparison.Ordinal);

    /// <summary>Feeds a vector in pieces, as a socket would, and compares what was found.</summary>
    private static void AssertDecodes(GoldenVector vector, int firstPieceBytes, int nextPieceBytes)
    {
        var found = new List<string>();
        var version = vector.Version;
        var start = 0;
        var end = int.Min(firstPieceBytes, vector.Octets.Length);
        while (true)
        {
            var buffer = vector.Octets.AsSpan(start, end - start);
            var status = PacketScanner.Scan(
                buffer, version, PacketBytesMax, out var packet, out var bytes, out var error);
            var text = "";
            if (status == ScanStatus.Error
                || (status == ScanStatus.Complete
                    && !PacketProbe.TryRead(packet, ref version, out text, out _, out error)))
            {
                found.Add($"error {MqttText.Hex((byte)error.Code)}");
                break;
            }

            if (status == ScanStatus.Complete)
            {
                found.Add(text);
                start += bytes;
                continue;
            }

            Assert.True(bytes > buffer.Length, vector.Title);
            if (end == vector.Octets.Length)
            {
                if (!buffer.IsEmpty)
                    found.Add($"waits for {bytes}");
                break;
            }

            end = int.Min(end + nextPieceBytes, vector.Octets.Length);
        }

        Assert.True(vector.Expected.SequenceEqual(found), $"{vector.Title}\n{string.Join('\n', found)}");
    }
}
