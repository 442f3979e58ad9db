using System.Text.RegularExpressions;
using Microsoft.OpenApi;
using Posthaste.Management.Http;
using Posthaste.Management.Resources;

namespace Posthaste.Management.OpenApi;

/// <summary>The API's description by OpenAPI 3.1, made of what its routes say of themselves.</summary>
internal static partial class ApiDocument
{
    private const string Json = "application/json";
    private const string Basic = "basic";
    private const string Bearer = "bearer";

    /// <summary>What stands in braces in paths.</summary>
    public static IReadOnlyDictionary<string, string> Variables { get; } = new Dictionary<string, string>
    {
        ["vhost"] = "Name of a virtual host; `/` is written `%2F`.",
        ["name"] = "Name of the object.",
        ["user"] = "Name of a user.",
        ["exchange"] = "Name of an exchange; `amq.default` for the default exchange.",
        ["source"] = "Exchange that is bound to.",
        ["destination"] = "Queue or exchange that is bound.",
        ["key"] = "`properties_key` of the binding.",
        ["component"] = "Component that parameters belong to.",
        ["node"] = "Name of the node.",
        ["port"] = "Number of a port.",
        ["protocols"] = "Names of listeners, separated by commas.",
        ["within"] = "How many units.",
        ["unit"] = "`days`, `weeks`, `months` or `years`.",
        ["pattern"] = "Regular expression over names of queues.",
        ["password"] = "The password.",
        ["id"] = "Number of the message.",
    };

    public static OpenApiDocument Create(IEnumerable<ApiRoute> routes)
    {
        var document = new OpenApiDocument
        {
            Info = new OpenApiInfo
            {
                Title = "Posthaste management API",
                Version = NodeResource.Version,
                Description = "RabbitMQ's management API, with what Posthaste has beyond it.",
                License = new OpenApiLicense
                {
                    Name = "Apache License 2.0",
                    Url = new Uri("https://www.apache.org/licenses/LICENSE-2.0"),
                },
            },
            Servers = [new OpenApiServer { Url = "/api" }],
            Paths = [],
            Components = new OpenApiComponents(),
        };
        AddSecurity(document);
        document.Components.Schemas = ApiSchemas.All.ToDictionary(
            static schema => schema.Key, schema => (IOpenApiSchema)SchemaNotation.ReadObject(schema.Value, document));
        foreach (var path in routes.GroupBy(static route => route.Path))
        {
            var item = new OpenApiPathItem();
            foreach (var route in path) item.AddOperation(HttpMethod.Parse(route.Method), Describe(route, document));
            document.Paths.Add($"/{path.Key}", item);
        }

        return document;
    }

    private static void AddSecurity(OpenApiDocument document)
    {
        document.Components!.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Basic] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = Basic,
                Description = "User and password of a user with a management tag.",
            },
            [Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = Bearer,
                BearerFormat = "JWT",
                Description = "An access token (OAuth 2), where the broker has keys for them.",
            },
        };
        document.Security =
        [
            new() { [new OpenApiSecuritySchemeReference(Basic, document)] = [] },
            new() { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] },
        ];
    }

    private static OpenApiOperation Describe(ApiRoute route, OpenApiDocument document) => new()
    {
        OperationId = OperationId(route),
        Summary = route.Summary,
        Description = route.Tag is null ? null : $"For users with the tag `{route.Tag}`, and administrators.",
        Parameters = [.. PathParameters(route), .. route.Query.Select(query => QueryParameter(query, document))],
        RequestBody = route.Body is { } body
            ? new OpenApiRequestBody { Required = true, Content = Content(body, isList: false, document) }
            : null,
        Responses = Responses(route, document),
    };

    /// <summary>Such as `getQueuesByVhostByName`: unique, since method and path are.</summary>
    private static string OperationId(ApiRoute route) => route.Method.ToLowerInvariant() + string.Concat(
        Words().Matches(route.Path).Select(static word =>
            (word.Value[0] == '{' ? "By" : "") + Capitalize(word.Value.TrimStart('{'))));

    private static string Capitalize(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    [GeneratedRegex(@"\{?\w+")]
    private static partial Regex Words();

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex InBraces();

    private static IEnumerable<IOpenApiParameter> PathParameters(ApiRoute route) =>
        InBraces().Matches(route.Path).Select(match => new OpenApiParameter
        {
            Name = match.Groups[1].Value,
            In = ParameterLocation.Path,
            Required = true,
            Description = Variables[match.Groups[1].Value],
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });

    private static OpenApiParameter QueryParameter(QueryParameter query, OpenApiDocument document) => new()
    {
        Name = query.Name,
        In = ParameterLocation.Query,
        Description = query.Meaning,
        Schema = SchemaNotation.ReadType(query.Type, document),
    };

    private static OpenApiResponses Responses(ApiRoute route, OpenApiDocument document)
    {
        var responses = new OpenApiResponses();
        switch (route.Answer)
        {
            case AnswerKind.Nothing:
                responses["204"] = new OpenApiResponse { Description = "It is done, and on disk." };
                break;
            case AnswerKind.Created:
                responses["201"] = new OpenApiResponse { Description = "It is new, and on disk." };
                responses["204"] = new OpenApiResponse { Description = "It was there; the change is on disk." };
                break;
            case AnswerKind.One or AnswerKind.List:
                responses["200"] = new OpenApiResponse
                {
                    Description = "What was asked for.",
                    Content = Content(route.Schema!, route.Answer == AnswerKind.List, document),
                };
                break;
        }

        if (route.Background is { } background)
        {
            responses["202"] = new OpenApiResponse
            {
                Description = "It goes on in the background; `Location` says where it is looked at.",
                Content = Content(background, isList: false, document),
            };
        }

        if (route.Body is not null || route.Query.Count > 0 || route.Method != "GET")
            responses["400"] = Error("The request is malformed, or what it asks for is not possible.", document);
        responses["401"] = Error("The login failed, or the user may not do this.", document);
        if (route.Path.Contains('{', StringComparison.Ordinal))
            responses["404"] = Error("There is no such object.", document);
        if (route.Body is not null) responses["413"] = Error("The body is too large.", document);
        if (route.Failure is { } failure)
        {
            responses["503"] = new OpenApiResponse
            {
                Description = "What is checked is not so.",
                Content = Content(failure, isList: false, document),
            };
        }
        else if (route.Method != "GET")
        {
            responses["503"] = Error("It can't be stored: the disk is full, or the journal has failed.", document);
        }

        return responses;
    }

    private static OpenApiResponse Error(string description, OpenApiDocument document) =>
        new() { Description = description, Content = Content("Error", isList: false, document) };

    private static Dictionary<string, IOpenApiMediaType> Content(
        string schema, bool isList, OpenApiDocument document) => new()
        {
            [Json] = new OpenApiMediaType
            {
                Schema = isList ? ListOf(schema, document) : SchemaNotation.ReadType(schema, document),
            },
        };

    /// <summary>All rows, or with `page` a page of them.</summary>
    private static OpenApiSchema ListOf(string row, OpenApiDocument document)
    {
        var rows = SchemaNotation.ReadType(row + "[]", document);
        var page = SchemaNotation.ReadObject(
            "filtered_count:integer item_count:integer page:integer page_count:integer page_size:integer " +
            $"total_count:integer items:{row}[]", document);
        return new OpenApiSchema { OneOf = [rows, page] };
    }
}
