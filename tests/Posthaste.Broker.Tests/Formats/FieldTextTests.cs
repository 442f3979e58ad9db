using System.Buffers;
using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Tests.Formats;

public sealed class FieldTextTests
{
    public static TheoryData<string, FieldTable> Values => new()
    {
        { "text", Of("text") },
        { "line\nbreak", Of("line\nbreak") },
        { "base64:AA", Of("\0") },
        { "base64:_w", Of(FieldValue.String([255])) },
        { "base64:AP8", Of(FieldValue.Binary([0, 255])) },
        { "plain", Of(FieldValue.Binary("plain"u8)) },
        { "true", Of(true) },
        { "-5", Of(FieldValue.Integer(FieldType.Int8, -5)) },
        { "255", Of(FieldValue.Integer(FieldType.UInt8, 255)) },
        { "9223372036854775807", Of(long.MaxValue) },
        { "1700000000", Of(FieldValue.Timestamp(1_700_000_000)) },
        { "0.1", Of(FieldValue.Double(0.1)) },
        { "0.1", Of(FieldValue.Single(0.1f)) },
        { "12.34", Of(FieldValue.Decimal(2, 1234)) },
        { "", Of(FieldValue.Void) },
        { "[1,\"a\",null]", Of(FieldValue.Array(1, "a", FieldValue.Void)) },
        { "{\"n\":{\"b\":\"AP8=\",\"d\":\"NaN\"}}", Of(FieldValue.Table([new("n", Nested)])) },
    };

    private static FieldTable Nested =>
        [new("b", FieldValue.Binary([0, 255])), new("d", FieldValue.Double(double.NaN))];

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_has_one_text(string expected, FieldTable table)
    {
        new FieldTableReader(FieldTableCodec.Encode(table)).TryFind("v"u8, out var value);
        var written = new ArrayBufferWriter<byte>();
        FieldText.Write(value, written);
        Assert.Equal(expected, Encoding.UTF8.GetString(written.WrittenSpan));
    }

    private static FieldTable Of(FieldValue value) => [new("v", value)];
}
