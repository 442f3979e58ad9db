using System.Net;
using System.Text.Json.Nodes;
using Posthaste.Api;

namespace Posthaste.Commands.Manage.Doctor;

/// <summary>Checks of a running broker, by its management API.</summary>
internal static class BrokerChecks
{
    /// <summary>
    /// Two clocks that far apart confuse logs, certificates, tokens and expiry; the API's has whole seconds.
    /// </summary>
    private static readonly TimeSpan ClockSkewMax = TimeSpan.FromSeconds(5);

    private const int QueueLengthWorth = 1_000_000;

    /// <summary>Half of what a client gets by default: somebody has time to look.</summary>
    private static readonly TimeSpan UnacknowledgedMax = TimeSpan.FromMinutes(15);

    /// <summary>The API's own checks: path, name, and what to do when one fails.</summary>
    private static readonly (string Path, string Name, string Advice)[] Health =
    [
        ("alarms", "alarms", "publishers are held until the cause is gone: consume, make room, or raise the limit"),
        ("virtual-hosts", "virtual hosts", "see the broker's log"),
        ("certificate-expiration/1/months", "certificates", "renew them: the broker takes up new files by itself"),
    ];

    public static async IAsyncEnumerable<Finding> RunAsync(
        ApiClient client,
        TimeProvider time,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var overview = (await client.GetAsync("overview", cancellation))!.AsObject();
        yield return new Finding("broker", Verdict.Good,
            $"{overview["product_name"]} {overview["product_version"]} answers as {overview["cluster_name"]}");
        if (client.BrokerTime is { } brokerTime) yield return Clock(brokerTime, time.GetUtcNow());
        foreach (var check in Health) yield return await HealthAsync(client, check, cancellation);
        yield return Exposure(overview["listeners"]!.AsArray());
        yield return Waiting(overview);
        foreach (var node in (await client.GetAsync("nodes", cancellation))!.AsArray())
        {
            yield return Unacknowledged(node!.AsObject());
            yield return Throttled(node.AsObject());
        }
    }

    internal static Finding Clock(DateTimeOffset broker, DateTimeOffset here)
    {
        var skew = (broker - here).Duration();
        return Finding.DoubtfulIf(skew > ClockSkewMax, "clock",
            FormattableString.Invariant($"{skew.TotalSeconds:0} s apart from this machine's"),
            "let both follow a time server: expiry, tokens and certificates go by the broker's clock");
    }

    /// <summary>Passwords in the clear are fine on this machine and nowhere else.</summary>
    internal static Finding Exposure(JsonArray listeners)
    {
        var open = listeners.Select(static listener => listener!.AsObject())
            .Where(static listener => !IsPrivate(listener))
            .Select(static listener => $"{listener["protocol"]} {listener["ip_address"]}:{listener["port"]}").ToList();
        return Finding.DoubtfulIf(open.Count > 0, "exposure",
            open.Count == 0 ? "what others reach is encrypted" : $"in the clear: {string.Join(", ", open)}",
            "passwords and messages can be read on the way: offer the listeners with TLS instead");
    }

    internal static Finding Waiting(JsonObject overview)
    {
        var ready = Column.Find(overview, "queue_totals.messages_ready")?.GetValue<long>() ?? 0;
        var consumers = Column.Find(overview, "object_totals.consumers")?.GetValue<long>() ?? 0;
        return Finding.DoubtfulIf(ready > QueueLengthWorth && consumers == 0, "backlog",
            $"{ready:#,0} ready, {consumers:#,0} consumers",
            "nobody consumes: see posthaste queues --sort messages_ready");
    }

    /// <summary>
    /// A delivery that is out keeps its message, and with it memory or disk, and all that waits behind it.
    /// </summary>
    internal static Finding Unacknowledged(JsonObject node)
    {
        const string Check = "unacknowledged";
        if (Column.Find(node, "pinned.longest_unacknowledged") is not JsonObject row)
            return new Finding(Check, Verdict.Good, "nothing is out for long");
        var age = TimeSpan.FromMilliseconds(
            Column.Find(row, "oldest_unacknowledged.age_ms")?.GetValue<double>() ?? 0);
        return Finding.DoubtfulIf(age > UnacknowledgedMax, Check,
            $"{StatusCommand.Age(age)}: {StatusCommand.Holder(row)}",
            "see to that client, or close it: posthaste connections close NAME. The queue's argument "
            + "x-consumer-timeout takes messages back by itself");
    }

    /// <summary>Publishers that have to wait are as intended, or a quota is too small.</summary>
    internal static Finding Throttled(JsonObject node)
    {
        var held = node["quota_held_connections"]?.GetValue<long>() ?? 0;
        return Finding.DoubtfulIf(held > 0, "quotas",
            held == 0
                ? "nobody waits"
                : $"{held:#,0} connections wait for max-messages-per-second or max-bytes-per-second",
            "raise the limit of the user or the virtual host, unless that is what it is for");
    }

    private static bool IsPrivate(JsonObject listener)
    {
        var protocol = $"{listener["protocol"]}";
        return protocol.EndsWith('s') || protocol.EndsWith("/ssl", StringComparison.Ordinal) ||
            (IPAddress.TryParse($"{listener["ip_address"]}", out var address) && IPAddress.IsLoopback(address));
    }

    private static async Task<Finding> HealthAsync(
        ApiClient client, (string Path, string Name, string Advice) check, CancellationToken cancellation)
    {
        try
        {
            await client.GetAsync($"health/checks/{check.Path}", cancellation);
            return new Finding(check.Name, Verdict.Good, "in order");
        }
        catch (ApiClientException e) when (e.Status is HttpStatusCode.ServiceUnavailable)
        {
            return new Finding(check.Name, Verdict.Bad, e.Message, check.Advice);
        }
        catch (ApiClientException e) when (e.Status is HttpStatusCode.NotFound)
        {
            return new Finding(check.Name, Verdict.Doubtful, "this broker has no such check", "look yourself");
        }
    }
}
