using Microsoft.OpenApi;

namespace Posthaste.Management.OpenApi;

/// <summary>Reads the notation of <see cref="ApiSchemas"/>.</summary>
internal static class SchemaNotation
{
    private const string Rate = "Rate";

    /// <summary>The schema that a line of members stands for.</summary>
    public static OpenApiSchema ReadObject(string members, OpenApiDocument document)
    {
        var properties = new Dictionary<string, IOpenApiSchema>();
        var required = new HashSet<string>();
        foreach (var member in members.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            var isCounted = member.EndsWith('~');
            var (name, type) = isCounted ? (member[..^1], "integer") : Split(member);
            var isOptional = name.EndsWith('?');
            name = name.TrimEnd('?');
            Add(name, type);
            if (isCounted) Add($"{name}_details", Rate);

            void Add(string key, string of)
            {
                properties.Add(key, ReadType(of, document));
                if (!isOptional) required.Add(key);
            }
        }

        return new OpenApiSchema { Type = JsonSchemaType.Object, Properties = properties, Required = required };
    }

    /// <summary>The schema that a type stands for.</summary>
    public static IOpenApiSchema ReadType(string type, OpenApiDocument document)
    {
        if (type.EndsWith("[]", StringComparison.Ordinal))
            return new OpenApiSchema { Type = JsonSchemaType.Array, Items = ReadType(type[..^2], document) };
        var nullable = type.EndsWith('?') ? JsonSchemaType.Null : 0;
        return type.TrimEnd('?') switch
        {
            "string" => Plain(JsonSchemaType.String | nullable),
            "integer" => Plain(JsonSchemaType.Integer | nullable),
            "number" => Plain(JsonSchemaType.Number | nullable),
            "boolean" => Plain(JsonSchemaType.Boolean | nullable),
            "object" => Plain(JsonSchemaType.Object | nullable),
            "any" => new OpenApiSchema(),
            var other when ApiSchemas.All.ContainsKey(other) => new OpenApiSchemaReference(other, document),
            var other => throw new ArgumentException($"there is no schema '{other}'", nameof(type)),
        };
    }

    private static OpenApiSchema Plain(JsonSchemaType type) => new() { Type = type };

    private static (string Name, string Type) Split(string member)
    {
        var colon = member.IndexOf(':', StringComparison.Ordinal);
        return (member[..colon], member[(colon + 1)..]);
    }
}
