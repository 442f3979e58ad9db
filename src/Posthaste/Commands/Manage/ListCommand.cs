using System.CommandLine;
using Posthaste.Api;
using Posthaste.Terminal;

namespace Posthaste.Commands.Manage;

/// <summary>
/// A command that shows a list of the management API: a table for people, a JSON object a line for scripts.
/// </summary>
internal static class ListCommand
{
    private static readonly Option<string?> Name = new("--name")
    {
        Description = "Only those with this in their name.",
        HelpName = "TEXT",
    };

    private static readonly Option<string?> Sort = new("--sort")
    {
        Description = "Order by this member of the rows, the greatest first; dots lead inwards.",
        HelpName = "MEMBER",
    };

    private static readonly Option<string?> Columns = new("--columns")
    {
        Description = "Show these members of the rows instead, with commas between them; --json shows all there are.",
        HelpName = "MEMBER,…",
    };

    /// <summary>
    /// Makes a command list what is below a path of the API. Where the list can be of one virtual host, that host's
    /// name follows the path.
    /// </summary>
    public static Command ListsWith(this Command command, string path, bool byVirtualHost, params Column[] columns)
    {
        foreach (var option in (Option[])[ApiOptions.Api, Name, Sort, Columns, ApiOptions.Json]) command.Add(option);
        if (byVirtualHost) command.Add(ApiOptions.OneVirtualHost);
        command.SetAction((parsed, cancellation) =>
        {
            var host = byVirtualHost ? parsed.GetValue(ApiOptions.OneVirtualHost) : null;
            return RunAsync(parsed, host is null ? path : ApiClient.Path(path, host), columns, cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        ParseResult parsed, string path, IReadOnlyList<Column> columns, CancellationToken cancellation)
    {
        if (parsed.GetValue(Columns) is { } chosen)
        {
            var members = chosen.Split(',', StringSplitOptions.TrimEntries);
            columns = [.. members.Select(static member => new Column(member, member))];
        }

        using var client = ApiOptions.Connect(parsed);
        var rows = client.ListAsync(path, Query(parsed), cancellation);
        if (parsed.GetValue(ApiOptions.Json))
            await foreach (var row in rows) JsonOutput.Write(row);
        else
            Screen.Table(columns, await rows.ToListAsync(cancellation));
        return ExitCode.Ok;
    }

    private static string Query(ParseResult parsed)
    {
        var query = "";
        if (parsed.GetValue(Name) is { } name) query += $"&name={Uri.EscapeDataString(name)}";
        if (parsed.GetValue(Sort) is { } sort) query += $"&sort={Uri.EscapeDataString(sort)}&sort_reverse=true";
        return query;
    }
}
