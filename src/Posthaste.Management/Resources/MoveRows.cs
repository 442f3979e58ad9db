using System.Globalization;
using System.Text.Json.Nodes;
using Posthaste.Broker.Moving;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>What is shown of moves.</summary>
internal static class MoveRows
{
    /// <summary>What a list can be sorted by without making its rows; null for anything else.</summary>
    public static Func<QueueMove, SortValue>? SortKey(string column) => column switch
    {
        "id" or "started_ms" => static move => move.Id,
        _ => null,
    };

    public static JsonObject Describe(MoveResult result)
    {
        var targets = new JsonObject();
        foreach (var (name, count) in result.Targets) targets[name] = count;
        return new JsonObject
        {
            ["scanned"] = result.Scanned,
            ["matched"] = result.Matched,
            ["moved"] = result.Moved,
            ["targets"] = targets,
            ["stopped"] = result.Stopped,
        };
    }

    public static JsonObject Describe(QueueMove move)
    {
        var row = Describe(move.Progress);
        row["id"] = move.Id.ToString(CultureInfo.InvariantCulture);
        row["vhost"] = move.VirtualHost.Name;
        row["queue"] = move.Queue;
        row["destination"] = move.Request.Destination;
        row["user"] = move.User;
        row["running"] = move.EndedMs is null;
        row["started_ms"] = move.StartedMs;
        row["ended_ms"] = move.EndedMs;
        row["messages"] = move.MessageCount;
        row["count"] = move.Request.CountMax;
        row["rate"] = move.Request.RatePerSecond;
        if (move.Completion.Exception?.InnerException is { } failure) row["stopped"] = failure.Message;
        return row;
    }
}
