using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Formats;

/// <summary>
/// Header values as text, for the protocols whose headers are texts (MQTT, STOMP):
/// <code>
///  string       as it is, if it is UTF-8 without NUL; else as BinaryText
///  binary       BinaryText: text as it is, other bytes in base64
///  boolean      true, false
///  numbers      decimal; a float with as many digits as tell it from its neighbours; a timestamp in seconds
///  void         empty
///  array, table JSON, with binary values and strings that are no text in base64
/// </code>
/// </summary>
public static class FieldText
{
    /// <summary>Writes the text of a value.</summary>
    public static void Write(FieldView value, IBufferWriter<byte> target)
    {
        switch (value.Type)
        {
            case FieldType.Void:
                break;
            case FieldType.Boolean:
                target.Write(value.Data[0] != 0 ? "true"u8 : "false"u8);
                break;
            case FieldType.String when IsText(value.Data):
                target.Write(value.Data);
                break;
            case FieldType.String or FieldType.Binary:
                var bytes = BinaryText.GetBytes(value.Data);
                target.Advance(BinaryText.Write(value.Data, target.GetSpan(bytes)));
                break;
            case FieldType.Array or FieldType.Table:
                WriteJson(value, target);
                break;
            default:
                WriteNumber(value, target);
                break;
        }
    }

    /// <summary>Whether text protocols can carry the bytes as they are.</summary>
    public static bool IsText(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) && !bytes.Contains((byte)0);

    private static void WriteNumber(FieldView value, IBufferWriter<byte> target)
    {
        const int BytesMax = 64;
        var span = target.GetSpan(BytesMax);
        int count;
        if (value.TryGetInt64(out var integer))
            integer.TryFormat(span, out count, default, CultureInfo.InvariantCulture);
        else if (value.TryGetTimestamp(out var seconds))
            seconds.TryFormat(span, out count, default, CultureInfo.InvariantCulture);
        else if (value.Type == FieldType.Single && value.TryGetDouble(out var single))
            ((float)single).TryFormat(span, out count, default, CultureInfo.InvariantCulture);
        else if (value.TryGetDouble(out var real))
            real.TryFormat(span, out count, default, CultureInfo.InvariantCulture);
        else
            count = WriteDecimal(value.ToValue(), span);
        target.Advance(count);
    }

    private static int WriteDecimal(FieldValue value, Span<byte> target)
    {
        value.TryGetDecimal(out var scale, out var unscaled);

        // What System.Decimal holds; with more places there would be nothing left of a 32 bit number.
        const byte ScaleMax = 28;
        var number = new decimal((int)unscaled, 0, 0, isNegative: false, byte.Min(scale, ScaleMax));
        number.TryFormat(target, out var count, default, CultureInfo.InvariantCulture);
        return count;
    }

    private static void WriteJson(FieldView value, IBufferWriter<byte> target)
    {
        using var writer = new Utf8JsonWriter(target);
        WriteJson(value, writer);
    }

    private static void WriteJson(FieldView value, Utf8JsonWriter writer)
    {
        if (value.TryGetTable(out var table))
        {
            writer.WriteStartObject();
            foreach (var field in table)
            {
                writer.WritePropertyName(field.Key);
                WriteJson(field.Value, writer);
            }

            writer.WriteEndObject();
        }
        else if (value.TryGetArray(out var array))
        {
            writer.WriteStartArray();
            foreach (var element in array)
                WriteJson(element, writer);
            writer.WriteEndArray();
        }
        else
        {
            WriteScalar(value, writer);
        }
    }

    private static void WriteScalar(FieldView value, Utf8JsonWriter writer)
    {
        if (value.Type == FieldType.Void)
            writer.WriteNullValue();
        else if (value.TryGetBoolean(out var flag))
            writer.WriteBooleanValue(flag);
        else if (value.TryGetInt64(out var integer))
            writer.WriteNumberValue(integer);
        else if (value.TryGetTimestamp(out var seconds))
            writer.WriteNumberValue(seconds);
        else if (value.TryGetString(out var text) && Utf8.IsValid(text))
            writer.WriteStringValue(text);
        else if (value.Type is FieldType.String or FieldType.Binary)
            writer.WriteBase64StringValue(value.Data);
        else if (value.Type == FieldType.Single && value.TryGetDouble(out var single) && double.IsFinite(single))
            writer.WriteNumberValue((float)single);
        else if (value.TryGetDouble(out var real) && double.IsFinite(real))
            writer.WriteNumberValue(real);
        else
            writer.WriteStringValue(value.ToValue().ToString());
    }
}
