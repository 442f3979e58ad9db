using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Posthaste.Primitives.Tables;

namespace Posthaste.Management.Http;

/// <summary>JSON in and out.</summary>
internal static class Json
{
    private static readonly JsonWriterOptions Relaxed = new()
    {
        // Names of queues are shown as they are; nothing here is put into a page as it comes.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>As it is kept.</summary>
    public static readonly JsonSerializerOptions Compact = new() { Encoder = Relaxed.Encoder };

    public static async Task WriteAsync(HttpContext context, JsonNode? node)
    {
        context.Response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(context.Response.BodyWriter, Relaxed);
        if (node is null) writer.WriteNullValue();
        else node.WriteTo(writer);
    }

    /// <summary>Reads the body as an object; an empty one is an empty object.</summary>
    /// <exception cref="ApiError">It is none, or too large.</exception>
    public static Task<JsonObject> ReadAsync(HttpContext context) => ReadAsync(context, static async context =>
        context.Request.ContentLength == 0 || !CanHaveBody(context)
            ? new JsonObject()
            : await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted)
                .ConfigureAwait(false));

    /// <summary>Reads a file that is the body, or as browsers send one, the field `file` of a form.</summary>
    /// <exception cref="ApiError">It is no object, or too large, or there is none.</exception>
    public static Task<JsonObject> ReadFileAsync(HttpContext context) =>
        context.Request.ContentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) != true
            ? ReadAsync(context)
            : ReadAsync(context, static async context =>
            {
                var form = await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
                if (form.Files["file"] is not { } file) throw ApiError.BadRequest("the field file is missing");
                await using var stream = file.OpenReadStream();
                return await JsonNode.ParseAsync(stream, cancellationToken: context.RequestAborted)
                    .ConfigureAwait(false);
            });

    private static async Task<JsonObject> ReadAsync(HttpContext context, Func<HttpContext, Task<JsonNode?>> read)
    {
        try
        {
            return await read(context).ConfigureAwait(false) as JsonObject
                ?? throw ApiError.BadRequest("the body has to be a JSON object");
        }
        catch (JsonException e)
        {
            throw ApiError.BadRequest($"the body is no JSON: {e.Message}");
        }
        catch (InvalidDataException e)
        {
            throw ApiError.BadRequest($"the body is no form: {e.Message}");
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw ApiError.TooLarge(e.Message);
        }
    }

    /// <summary>Some clients send neither a body nor that it has no bytes.</summary>
    private static bool CanHaveBody(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false };

    public static JsonObject From(FieldTable table)
    {
        var result = new JsonObject();
        foreach (var (key, value) in table) result[key] = From(value);
        return result;
    }

    /// <summary>
    /// Tables from JSON: whole numbers become 64-bit integers, others doubles, so arguments compare as clients' do.
    /// </summary>
    /// <exception cref="ApiError">A name is longer than field names may be.</exception>
    public static FieldTable ToTable(JsonNode? node)
    {
        if (node is null) return FieldTable.Empty;
        if (node is not JsonObject fields) throw ApiError.BadRequest("arguments have to be an object");
        try
        {
            return FieldTable.Create([.. fields.Select(field => KeyValuePair.Create(field.Key, ToValue(field.Value)))]);
        }
        catch (ArgumentException e)
        {
            throw ApiError.BadRequest(e.Message);
        }
    }

    /// <summary>A string member; null when it is missing.</summary>
    /// <exception cref="ApiError">It is there and no string.</exception>
    public static string? Text(JsonObject json, string name) => json[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw ApiError.BadRequest($"{name} has to be a string"),
    };

    /// <summary>The member `value`, which may be anything.</summary>
    /// <exception cref="ApiError">It is missing.</exception>
    public static JsonNode? Value(JsonObject json) => json.TryGetPropertyValue("value", out var value)
        ? value
        : throw ApiError.BadRequest("[{key_missing,value}]");

    /// <summary>A member that is true or false, also as text: some clients quote everything.</summary>
    public static bool Flag(JsonObject json, string name, bool missing = false) => json[name] switch
    {
        null => missing,
        JsonValue value when value.TryGetValue<bool>(out var flag) => flag,
        JsonValue value when value.TryGetValue<string>(out var text) && bool.TryParse(text, out var flag) => flag,
        _ => throw ApiError.BadRequest($"{name} has to be true or false"),
    };

    /// <summary>A whole number, also as text.</summary>
    public static long Number(JsonObject json, string name, long missing) => json[name] switch
    {
        null => missing,
        JsonValue value when value.TryGetValue<long>(out var number) => number,
        JsonValue value when value.TryGetValue<string>(out var text) && long.TryParse(text, out var number) => number,
        _ => throw ApiError.BadRequest($"{name} has to be a whole number"),
    };

    private static JsonNode? From(FieldValue value)
    {
        if (value.TryGetTable(out var table)) return From(table);
        if (value.Type == FieldType.Array) return new JsonArray([.. value.Elements.ToArray().Select(From)]);
        if (value.TryGetBoolean(out var flag)) return flag;
        if (value.TryGetInt64(out var integer)) return integer;
        if (value.TryGetDouble(out var real) && double.IsFinite(real)) return real;
        if (value.TryGetTimestamp(out var seconds)) return seconds;
        if (value.TryGetString(out var text)) return text;
        if (value.Type == FieldType.Void) return null;
        return value.Type == FieldType.Binary ? Convert.ToBase64String(value.Bytes) : value.ToString();
    }

    private static FieldValue ToValue(JsonNode? node) => node switch
    {
        null => FieldValue.Void,
        JsonObject table => FieldValue.Table(ToTable(table)),
        JsonArray array => FieldValue.Array([.. array.Select(ToValue)]),
        JsonValue value when value.TryGetValue<bool>(out var flag) => flag,
        JsonValue value when value.TryGetValue<long>(out var number) => number,
        JsonValue value when value.TryGetValue<double>(out var real) => FieldValue.Double(real),
        _ => node.GetValue<string>(),
    };
}
