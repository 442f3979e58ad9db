using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Posthaste.Api;
using Posthaste.Server;
using Posthaste.Terminal;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste definitions</c>: all that operators have set up, out of a broker and into one.</summary>
internal static class DefinitionCommands
{
    private static readonly Argument<string> File = new("file")
    {
        Description = "The file; - or nothing is standard input or output.",
        DefaultValueFactory = _ => "-",
    };

    public static Command Create()
    {
        var export = new Command("export", "Print definitions, in the format of RabbitMQ's files.")
        {
            File, ApiOptions.Api, ApiOptions.OneVirtualHost,
        };
        export.SetAction(ExportAsync);
        var import = new Command("import", "Take in a file of definitions. What is there already stays.")
        {
            File, ApiOptions.Api, ApiOptions.OneVirtualHost,
        };
        import.SetAction(ImportAsync);
        return new ManualCommand(
            "definitions", "Export and import users, virtual hosts, policies, queues and bindings.",
            """
            No messages: those are in the data directory, see posthaste data.

            Examples:
              posthaste definitions export definitions.json
              posthaste definitions import rabbitmq-definitions.json
            """)
        { export, import };
    }

    private static async Task<int> ExportAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var client = ApiOptions.Connect(parsed);
        var definitions = await client.GetAsync(PathOf(parsed), cancellation);
        var text = definitions!.ToJsonString(JsonOutput.ReadableIndented);
        if (parsed.GetRequiredValue(File) is not "-" and var file)
            await System.IO.File.WriteAllTextAsync(file, text + "\n", cancellation);
        else
            Screen.Line(text);
        return ExitCode.Ok;
    }

    private static async Task<int> ImportAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var file = parsed.GetRequiredValue(File);
        var text = file == "-"
            ? await Console.In.ReadToEndAsync(cancellation)
            : await System.IO.File.ReadAllTextAsync(file, cancellation);
        using var client = ApiOptions.Connect(parsed);
        await client.SendAsync(HttpMethod.Post, PathOf(parsed), Parse(file, text), cancellation);
        Screen.Done("imported");
        return ExitCode.Ok;
    }

    private static JsonNode? Parse(string file, string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException e)
        {
            throw new PosthasteConfigurationException($"{file} is no JSON: {e.Message}");
        }
    }

    private static string PathOf(ParseResult parsed) =>
        parsed.GetValue(ApiOptions.OneVirtualHost) is { } host
            ? ApiClient.Path("definitions", host)
            : "definitions";
}
