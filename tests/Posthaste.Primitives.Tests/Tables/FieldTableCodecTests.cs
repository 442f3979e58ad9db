using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Primitives.Tables;

namespace Posthaste.Primitives.Tests.Tables;

public sealed class FieldTableCodecTests
{
    private static readonly FieldTableLimits Limits = FieldTableLimits.Default;

    [Fact]
    public void Any_table_is_decoded_as_it_was_encoded() => ForAll(table =>
    {
        var content = FieldTableCodec.Encode(table);
        return FieldTableReader.IsValid(content)
            && FieldTableCodec.TryDecode(content, out var decoded)
            && decoded.Equals(table)
            && decoded.EquivalentTo(table)
            && decoded.GetHashCode() == table.GetHashCode()
            && FieldTableCodec.Encode(decoded).AsSpan().SequenceEqual(content);
    });

    [Fact]
    public void Any_field_is_found_in_place_as_in_the_object() => ForAll(table =>
    {
        var content = FieldTableCodec.Encode(table);
        var reader = new FieldTableReader(content);
        foreach (var (key, _) in table)
        {
            table.TryGetValue(key, out var expected);
            if (!reader.TryFind(Encoding.UTF8.GetBytes(key), out var found) || found.ToValue() != expected)
                return false;
            if (found.TryGetInt64(out var number) != expected.TryGetInt64(out var expectedNumber)
                || number != expectedNumber)
            {
                return false;
            }

            if (found.ToString() is null || expected.ToString() is null)
                return false;
        }

        return !reader.TryFind("no such key"u8, out _);
    });

    [Fact]
    public void No_cut_of_a_field_is_a_field() => ForAll(table =>
    {
        var last = FieldTableCodec.Encode(table);
        for (var length = 0; length < last.Length; length++)
        {
            // A cut between two fields of the outermost table leaves a shorter table, and nothing else is valid.
            if (FieldTableCodec.TryDecode(last.AsSpan(0, length), out var shorter)
                && !shorter.SequenceEqual(table.Take(shorter.Count)))
            {
                return false;
            }
        }

        return true;
    });

    [Theory]
    [InlineData("0161", FieldTableFault.Truncated)]
    [InlineData("02615600", FieldTableFault.UnknownType)]
    [InlineData("016149000000", FieldTableFault.Truncated)]
    [InlineData("016153ffffffff", FieldTableFault.Truncated)]
    [InlineData("016153000000", FieldTableFault.Truncated)]
    [InlineData("01615A", FieldTableFault.UnknownType)]
    [InlineData("0161410000000179", FieldTableFault.UnknownType)]
    [InlineData("01ff56", FieldTableFault.KeyNotUtf8)]
    [InlineData("01614600000003030056", FieldTableFault.Truncated)]
    [InlineData("0161460000000301ff56", FieldTableFault.KeyNotUtf8)]
    public void Damage_is_named_and_never_decoded(string hex, FieldTableFault fault)
    {
        var content = Convert.FromHexString(hex);
        Assert.Equal(fault, FieldTableReader.Validate(content, Limits));
        Assert.Equal(fault, FieldTableCodec.Decode(content, Limits, out var table));
        Assert.Same(FieldTable.Empty, table);
    }

    [Fact]
    public void Nesting_ends_at_the_limit()
    {
        var limits = Limits with { DepthMax = 3 };
        var three = FieldTableCodec.Encode([new("a", FieldValue.Array(FieldValue.Array(1)))]);
        var four = FieldTableCodec.Encode([new("a", FieldValue.Array(FieldValue.Array(FieldValue.Table([]))))]);
        Assert.Equal(FieldTableFault.None, FieldTableReader.Validate(three, limits));
        Assert.Equal(FieldTableFault.TooDeep, FieldTableReader.Validate(four, limits));
    }

    [Fact]
    public void Brackets_without_end_cost_no_stack()
    {
        // An array in an array in an array …, as deep as 1 MiB of five octets each can make it.
        var content = new byte[2 + (5 * 200_000)];
        for (var at = 1; at + 5 <= content.Length; at += 5)
        {
            content[at] = (byte)'A';
            var inside = content.Length - at - 5;
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(at + 1), inside);
        }

        Assert.Equal(FieldTableFault.TooDeep, FieldTableReader.Validate(content, Limits));
    }

    [Fact]
    public void Fields_are_counted_on_all_levels()
    {
        var limits = Limits with { FieldCountMax = 4 };
        FieldTable four = [new("a", FieldValue.Array(1, 2)), new("b", true)];
        Assert.Equal(FieldTableFault.None, FieldTableReader.Validate(FieldTableCodec.Encode(four), limits));
        Assert.Equal(
            FieldTableFault.TooManyFields,
            FieldTableReader.Validate(FieldTableCodec.Encode(four.With("c", true)), limits));
    }

    /// <summary>Tags and layouts as RabbitMQ writes them; the letters differ from the specification's.</summary>
    [Fact]
    public void Each_type_has_its_own_tag_and_layout()
    {
        FieldTable table =
        [
            new("", FieldValue.Integer(FieldType.Int8, -2)),
            new("", FieldValue.Integer(FieldType.UInt8, 254)),
            new("", FieldValue.Integer(FieldType.Int16, -2)),
            new("", FieldValue.Integer(FieldType.UInt16, 65534)),
            new("", FieldValue.Integer(FieldType.Int32, -2)),
            new("", FieldValue.Integer(FieldType.UInt32, 4294967294)),
            new("", FieldValue.Integer(FieldType.Int64, -2)),
            new("", FieldValue.Decimal(2, 0xFEDCBA98)),
            new("", FieldValue.Boolean(true)),
            new("", FieldValue.Void),
        ];
        Assert.Equal(
            "0062FE" + "0042FE" + "0073FFFE" + "0075FFFE" + "0049FFFFFFFE" + "0069FFFFFFFE" + "006CFFFFFFFFFFFFFFFE"
                + "004402FEDCBA98" + "007401" + "0056",
            Convert.ToHexString(FieldTableCodec.Encode(table)));
    }

    [Fact]
    public void A_long_of_the_other_letter_and_a_true_of_any_octet_are_understood()
    {
        var content = Convert.FromHexString("016C4C0000000000000007" + "0174747F");
        Assert.True(FieldTableCodec.TryDecode(content, out var table));
        Assert.Equal([new("l", 7L), new("t", true)], table);
    }

    private static void ForAll(Func<FieldTable, bool> holds) =>
        Prop.ForAll(Tables(3).ToArbitrary(), holds).QuickCheckThrowOnFailure();

    private static Gen<FieldTable> Tables(int depth)
    {
        var key = Gen.Elements("", "a", "b", "é", "x-death", new string('k', 255));
        var fields = key.Zip(Values(depth))
            .Select(pair => new KeyValuePair<string, FieldValue>(pair.Item1, pair.Item2));
        return Gen.Choose(0, 5).SelectMany(count => fields.ArrayOf(count)).Select(all => FieldTable.Create(all));
    }

    private static Gen<FieldValue> Values(int depth)
    {
        var octets = Gen.Choose(0, 255).Select(octet => (byte)octet).ArrayOf();
        var numbers = Gen.OneOf(Gen.Choose(-300, 300).Select(n => (long)n), Gen.Elements(long.MinValue, long.MaxValue));
        var flat = Gen.OneOf(
            Gen.Elements(FieldValue.Void, true, false, FieldValue.Double(double.NaN), FieldValue.Single(-0.0f)),
            Gen.Elements(FieldType.Int8, FieldType.Int16, FieldType.Int32).Zip(Gen.Choose(-128, 127))
                .Select(pair => FieldValue.Integer(pair.Item1, pair.Item2)),
            Gen.Elements(FieldType.UInt8, FieldType.UInt16, FieldType.UInt32).Zip(Gen.Choose(0, 255))
                .Select(pair => FieldValue.Integer(pair.Item1, pair.Item2)),
            numbers.Select(FieldValue.Int64),
            numbers.Select(n => FieldValue.Timestamp((ulong)n)),
            numbers.Select(n => FieldValue.Decimal((byte)n, (uint)(n >> 8))),
            octets.Select(bytes => FieldValue.String(bytes)),
            octets.Select(bytes => FieldValue.Binary(bytes)));
        return depth == 0
            ? flat
            : Gen.Frequency(
                (6, flat),
                (1, Gen.Choose(0, 3).SelectMany(count => Values(depth - 1).ArrayOf(count))
                    .Select(values => FieldValue.Array(values))),
                (1, Gen.Constant(depth - 1).SelectMany(Tables).Select(FieldValue.Table)));
    }
}
