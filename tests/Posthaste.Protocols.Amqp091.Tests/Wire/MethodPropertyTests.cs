using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Fuzz.Wire;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

/// <summary>
/// Every method with any arguments, against an encoder that knows nothing but the list of their types: what it encodes
/// the codec has to decode to the same values and to write again octet by octet.
/// </summary>
public sealed class MethodPropertyTests
{
    private static readonly string[] Tables = ["", "0161560162740001635300000001ff", "01784600000007016e4900000001"];

    [Fact]
    public void What_a_naive_encoder_writes_is_read_and_written_again_the_same()
    {
        var methods = Gen.Elements(MethodCatalog.All.ToArray());
        var samples = methods.SelectMany(probe => Arguments(probe.Schema), (probe, arguments) => (probe, arguments));

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2_000), Prop.ForAll(samples.ToArbitrary(), sample =>
        {
            var (probe, arguments) = sample;
            byte[] payload = [.. BigEndian((uint)probe.Id), .. Encode(arguments)];
            var expected = $"{probe.Id.WireName()} {Describe(arguments)}".TrimEnd();

            return probe.TryDescribe(payload, out var text)
                && text == expected
                && probe.TryRewrite(payload, channel: 5, out var frame)
                && frame.AsSpan(Frame.HeaderBytes..^1).SequenceEqual(payload)
                && FrameScanner.Scan(frame, frame.Length, out var again, out _, out _) == FrameScanStatus.Complete
                && again.Channel == 5;
        }));
    }

    [Fact]
    public void No_method_is_read_from_less_or_more_than_it_is()
    {
        foreach (var probe in MethodCatalog.All)
        {
            byte[] payload = [.. BigEndian((uint)probe.Id), .. Encode(Arguments(probe.Schema).Sample(1).First())];
            Assert.True(probe.TryDescribe(payload, out _));
            for (var length = 0; length < payload.Length; length++)
                Assert.False(probe.TryDescribe(payload.AsSpan(0, length), out _), $"{probe.Id} cut to {length}");
            Assert.False(probe.TryDescribe([.. payload, 0], out _), $"{probe.Id} with more behind");
        }
    }

    private sealed record Argument(string Name, string Type, object Value);

    private static Gen<Argument[]> Arguments(string schema) => Gen.CollectToArray(
        schema.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(field => field.Split(':')),
        field => Value(field[1]).Select(value => new Argument(field[0], field[1], value)));

    private static Gen<object> Value(string type) => type switch
    {
        "bit" => Gen.Elements<object>(true, false),
        "u8" => Number(byte.MaxValue),
        "u16" => Number(ushort.MaxValue),
        "u32" => Number(uint.MaxValue),
        "u64" => Number(ulong.MaxValue),
        "str" => Gen.Elements('a', 'é', '€', '\0').ArrayOf().Select(chars => (object)Fit(new string(chars))),
        "bytes" => Gen.Choose(0, 255).Select(octet => (byte)octet).ArrayOf()
            .Select(octets => (object)octets[..int.Min(octets.Length, 255)]),
        "lstr" => Gen.Choose(0, 255).Select(octet => (byte)octet).ArrayOf().Select(octets => (object)octets),
        "table" => Gen.Elements(Tables).Select(hex => (object)Convert.FromHexString(hex)),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a type of the schema"),
    };

    private static Gen<object> Number(ulong max) =>
        Gen.OneOf(Gen.Choose(0, 255).Select(n => (ulong)n), Gen.Elements(0UL, max, max - 1, max / 2))
            .Select(n => (object)n);

    private static byte[] Fit(string text)
    {
        Span<byte> room = stackalloc byte[ShortStrings.BytesMax];
        return ShortStrings.Truncate(text, room).ToArray();
    }

    private static byte[] Encode(Argument[] arguments)
    {
        var encoded = new List<byte>();
        var bitCount = 0;
        foreach (var argument in arguments)
        {
            if (argument.Type != "bit")
                bitCount = 0;
            else if (bitCount++ % 8 == 0)
                encoded.Add(0);

            switch (argument.Type)
            {
                case "bit":
                    encoded[^1] |= (byte)((bool)argument.Value ? 1 << ((bitCount - 1) % 8) : 0);
                    break;
                case "str" or "bytes":
                    encoded.Add((byte)((byte[])argument.Value).Length);
                    encoded.AddRange((byte[])argument.Value);
                    break;
                case "lstr" or "table":
                    encoded.AddRange(BigEndian((uint)((byte[])argument.Value).Length));
                    encoded.AddRange((byte[])argument.Value);
                    break;
                default:
                    var bytes = int.Parse(argument.Type.AsSpan(1)) / 8;
                    for (var i = bytes - 1; i >= 0; i--)
                        encoded.Add((byte)((ulong)argument.Value >> (8 * i)));
                    break;
            }
        }

        return [.. encoded];
    }

    private static string Describe(Argument[] arguments)
    {
        var text = new StringBuilder();
        foreach (var (name, type, value) in arguments)
        {
            var shown = type switch
            {
                "bit" => WireText.Bit((bool)value),
                "table" => WireText.Table((byte[])value),
                _ => value is byte[] octets ? WireText.Quote(octets) : value.ToString(),
            };
            text.Append(name).Append('=').Append(shown).Append(' ');
        }

        return text.ToString();
    }

    private static byte[] BigEndian(uint number)
    {
        var octets = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(octets, number);
        return octets;
    }
}
