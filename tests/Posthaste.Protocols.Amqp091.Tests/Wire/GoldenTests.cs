using System.Text;
using Posthaste.Fuzz.Wire;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

public sealed class GoldenTests
{
    private const int FrameMax = 8192;

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

    [Fact]
    public void Every_method_is_among_the_vectors()
    {
        var seen = GoldenVector.All
            .SelectMany(vector => vector.Expected)
            .Select(line => line.Split(' ').ElementAtOrDefault(2))
            .ToHashSet();

        foreach (var id in Enum.GetValues<MethodId>())
        {
            if (id != MethodId.None)
                Assert.Contains(id.WireName(), seen);
        }
    }

    [Fact]
    public void Every_sound_method_is_written_as_it_was_read()
    {
        var count = 0;
        foreach (var vector in GoldenVector.All)
        {
            var rest = vector.Octets.AsSpan();
            while (FrameScanner.Scan(rest, FrameMax, out var frame, out var bytes, out _) == FrameScanStatus.Complete)
            {
                if (MethodCatalog.Find(frame.Method) is { } probe
                    && frame.Type == FrameType.Method
                    && probe.TryRewrite(frame.Payload, frame.Channel, out var written))
                {
                    Assert.Equal(rest[..bytes].ToArray(), written);
                    count++;
                }

                rest = rest[bytes..];
            }
        }

        Assert.True(count > 100, $"{count} methods");
    }

    [Fact]
    public void A_refused_frame_is_refused_before_its_payload_has_come()
    {
        var refused = GoldenVector.All.Where(vector =>
            vector.Expected[0].StartsWith("error", StringComparison.Ordinal)
            && !vector.Title.Contains("end octet", StringComparison.Ordinal));
        foreach (var vector in refused)
        {
            var header = vector.Octets.AsSpan(0, Frame.HeaderBytes);
            Assert.Equal(FrameScanStatus.Error, FrameScanner.Scan(header, FrameMax, out _, out _, out var error));
            Assert.Equal(vector.Expected[0], $"error {(int)error.Code}");
        }
    }

    [Fact]
    public void A_publish_in_the_vectors_takes_the_fast_way()
    {
        var vector = GoldenVector.All.Single(
            vector => vector.Title.EndsWith("a publish to the default exchange", StringComparison.Ordinal));

        Assert.True(PublishReader.TryReadPublish(vector.Octets, FrameMax, out var publish, out var consumed));

        Assert.Equal(vector.Octets.Length, consumed);
        Assert.Equal("hello", Encoding.UTF8.GetString(publish.RoutingKey));
        Assert.Equal("Hello World!", Encoding.UTF8.GetString(publish.Body));

        Span<byte> written = new byte[consumed];
        ContentFrames.WritePublish(
            written, 1, publish.Exchange, publish.RoutingKey, false, publish.Properties, publish.Body, FrameMax);
        Assert.Equal(vector.Octets, written.ToArray());
    }

    [Fact]
    public void A_delivery_is_written_as_the_vector_has_it()
    {
        var vector = GoldenVector.All.Single(
            vector => vector.Title.EndsWith("a delivery", StringComparison.Ordinal));
        Span<byte> written = new byte[vector.Octets.Length];

        var bytes = ContentFrames.WriteDeliver(
            written, 2, "amq.ctag-1"u8, 3, true, ""u8, "hello"u8, [0x10, 0, 2], "Hello World!"u8, FrameMax);

        Assert.Equal(bytes, ContentFrames.GetDeliverSize(10, 0, 5, 3, 12, FrameMax));
        Assert.Equal(vector.Octets, written[..bytes].ToArray());
    }

    /// <summary>Feeds a vector in pieces, as a socket would, and compares what was found.</summary>
    private static void AssertDecodes(GoldenVector vector, int firstPieceBytes, int nextPieceBytes)
    {
        var found = new List<string>();
        var start = 0;
        var end = int.Min(firstPieceBytes, vector.Octets.Length);
        while (true)
        {
            var buffer = vector.Octets.AsSpan(start, end - start);
            var status = FrameScanner.Scan(buffer, FrameMax, out var frame, out var bytes, out var error);
            if (status == FrameScanStatus.Error)
            {
                found.Add($"error {(int)error.Code}");
                break;
            }

            if (status == FrameScanStatus.Complete)
            {
                found.Add(WireText.Describe(frame));
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
