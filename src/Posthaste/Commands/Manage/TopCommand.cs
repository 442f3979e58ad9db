using System.CommandLine;
using System.Text.Json.Nodes;
using Posthaste.Api;
using Posthaste.Terminal;
using Spectre.Console;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste top</c>: the busiest queues, again and again.</summary>
internal static class TopCommand
{
    private const int QueueCountDefault = 20;

    private static readonly Option<string> Sort = new("--sort")
    {
        Description = "What queues are ordered by: in, out, ready or unacked.",
        HelpName = "COLUMN",
        DefaultValueFactory = _ => "ready",
    };

    private static readonly Option<double> Interval = new("--interval")
    {
        Description = "Seconds between two looks.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 2,
    };

    private static readonly Option<int> Queues = new("--queues")
    {
        Description = "Queues to show.",
        HelpName = "N",
        DefaultValueFactory = _ => QueueCountDefault,
    };

    private static readonly Option<bool> Once = new("--once") { Description = "Print it once, and end." };

    private static readonly Dictionary<string, string> Orders = new()
    {
        ["in"] = "message_stats.publish_details.rate",
        ["out"] = "message_stats.deliver_get_details.rate",
        ["ready"] = "messages_ready",
        ["unacked"] = "messages_unacknowledged",
    };

    private static readonly Column[] QueueColumns =
    [
        new("vhost", "vhost"),
        new("queue", "name"),
        Column.Number("ready", Orders["ready"]),
        Column.Number("unacked", Orders["unacked"]),
        Column.Number("in/s", Orders["in"]),
        Column.Number("out/s", Orders["out"]),
        Column.Number("acks/s", "message_stats.ack_details.rate"),
        Column.Number("consumers", "consumers"),
    ];

    private static readonly Column[] BrokerColumns =
    [
        Column.Number("ready", "queue_totals.messages_ready"),
        Column.Number("unacked", "queue_totals.messages_unacknowledged"),
        Column.Number("in/s", "message_stats.publish_details.rate"),
        Column.Number("out/s", "message_stats.deliver_get_details.rate"),
        Column.Number("connections", "object_totals.connections"),
        Column.Number("channels", "object_totals.channels"),
        Column.Number("queues", "object_totals.queues"),
        Column.Number("consumers", "object_totals.consumers"),
    ];

    public static Command Create()
    {
        var command = new ManualCommand("top", "Watch a broker's busiest queues.",
            """
            Runs until Ctrl+C. Where no person looks it prints once.

            Examples:
              posthaste top --sort in
              posthaste top --once --queues 5
            """)
        { ApiOptions.Api, Sort, Interval, Queues, Once };
        Sort.Validators.Add(static sort =>
        {
            if (!Orders.ContainsKey(sort.GetValueOrDefault<string>()))
                sort.AddError($"--sort has to be one of {string.Join(", ", Orders.Keys)}");
        });
        Interval.Validators.Add(static interval =>
        {
            if (interval.GetValueOrDefault<double>() is not (>= 0.1 and <= 3_600))
                interval.AddError("--interval has to be 0.1 to 3,600");
        });
        Queues.Validators.Add(static queues =>
        {
            if (queues.GetValueOrDefault<int>() is < 1 or > 500) queues.AddError("--queues has to be 1 to 500");
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var client = ApiOptions.Connect(parsed);
        if (parsed.GetValue(Once) || Console.IsOutputRedirected)
        {
            var (overview, queues) = await LookAsync(client, parsed, cancellation);
            Screen.Table(BrokerColumns, [overview]);
            Screen.Table(QueueColumns, queues);
            return ExitCode.Ok;
        }

        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(parsed.GetValue(Interval)));
        await Screen.LiveAsync(async display =>
        {
            do
            {
                var (overview, queues) = await LookAsync(client, parsed, cancellation);
                display.UpdateTarget(new Rows(
                    Screen.ToTable(BrokerColumns, [overview]), Screen.ToTable(QueueColumns, queues)));
            }
            while (await TickAsync(timer, cancellation));
        });
        return ExitCode.Ok;
    }

    private static async Task<(JsonObject Overview, IReadOnlyList<JsonObject> Queues)> LookAsync(
        ApiClient client, ParseResult parsed, CancellationToken cancellation)
    {
        var overview = await client.GetAsync("overview", cancellation);
        var sort = Orders[parsed.GetRequiredValue(Sort)];
        var page = await client.GetAsync(
            $"queues?page=1&page_size={parsed.GetValue(Queues)}&sort={sort}&sort_reverse=true", cancellation);
        return (overview!.AsObject(), [.. page!["items"]!.AsArray().Select(static row => row!.AsObject())]);
    }

    /// <summary>False when interrupted, which is how this ends.</summary>
    private static async Task<bool> TickAsync(PeriodicTimer timer, CancellationToken cancellation)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
