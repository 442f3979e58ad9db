using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Posthaste.Broker;
using Posthaste.Broker.Flow;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>
/// `health/checks`, as RabbitMQ has them, and the two that orchestrators ask without a user: `/health/live` and
/// `/health/ready`.
/// </summary>
internal sealed class HealthResource(ListenerTable listeners) : IResource
{
    /// <summary>What can't be otherwise while a broker answers, which is one node with all virtual hosts.</summary>
    private static readonly (string Path, string What)[] AlwaysPassed =
    [
        ("health/checks/virtual-hosts", "Whether all virtual hosts run: they do where a broker runs."),
        ("health/checks/node-is-quorum-critical", "Whether no quorum would be lost without this node: there is none."),
        ("health/checks/node-is-mirror-sync-critical", "Whether no mirror would be lost: there is none."),
        ("health/checks/reached-target-cluster-size", "Whether all nodes are there: there is one."),
        ("health/checks/metadata-store/initialized", "Whether the catalog is there: it is where a broker answers."),
        ("health/checks/metadata-store/initialized/with-data", "Whether the catalog has been read: it has."),
        ("health/checks/quorum-queues-without-elected-leaders/all-vhosts",
            "Whether every quorum queue has a leader: it does."),
        ("health/checks/quorum-queues-without-elected-leaders/all-vhosts/pattern/{pattern}",
            "Whether every such quorum queue has a leader: it does."),
        ("health/checks/quorum-queues-without-elected-leaders/vhost/{vhost}",
            "Whether every quorum queue of a virtual host has a leader: it does."),
        ("health/checks/quorum-queues-without-elected-leaders/vhost/{vhost}/pattern/{pattern}",
            "Whether every such quorum queue of a virtual host has a leader: it does."),
    ];

    /// <summary>Answers probes. Anybody may ask, so they say no more than they must.</summary>
    public static void MapProbes(WebApplication application, MessageBroker broker)
    {
        application.MapGet("/health/live", static context => AnswerAsync(context, null));
        application.MapGet("/health/ready", context =>
            AnswerAsync(context, broker.Alarms.PublishersBlocked ? broker.Alarms.Reason : null));
    }

    public void Map(ApiRoutes routes)
    {
        routes.Get("health/checks/alarms", AlarmsAsync).Says("Whether no alarm is in effect.")
            .Checks(failure: "AlarmCheckFailed");
        routes.Get("health/checks/local-alarms", AlarmsAsync).Says("Whether no alarm is in effect on this node.")
            .Checks(failure: "AlarmCheckFailed");
        routes.Get("health/checks/is-in-service", static request => AnswerAsync(request.Context, OutOfService(request)))
            .Says("Whether the broker serves clients.").Checks();
        routes.Get("health/checks/ready-to-serve-clients", ReadyAsync)
            .Says("Whether the broker serves clients of AMQP, and takes more of them.")
            .Checks(failure: "ConnectionCheckFailed");
        routes.Get("health/checks/below-node-connection-limit", BelowConnectionLimitAsync)
            .Says("Whether more connections may be opened.").Checks(failure: "ConnectionCheckFailed");
        routes.Get("health/checks/port-listener/{port}", PortAsync).Says("Whether something listens on a port.")
            .Checks("ListenerCheckPassed", "ListenerCheckFailed");
        routes.Get("health/checks/protocol-listener/{protocols}", ProtocolsAsync)
            .Says("Whether protocols are listened for.").Checks("ListenerCheckPassed", "ListenerCheckFailed");
        routes.Get("health/checks/certificate-expiration/{within}/{unit}", CertificatesAsync)
            .Says("Whether no certificate ends so soon.").Checks(failure: "CertificateCheckFailed");
        foreach (var (path, what) in AlwaysPassed)
            routes.Get(path, PassAsync).Says(what).Checks();
    }

    private static Task AlarmsAsync(ApiRequest request)
    {
        var alarms = BrokerAlarm.OfResources(request.Broker).Select(static alarm => new JsonObject
        {
            ["node"] = NodeResource.Name,
            ["resource"] = alarm.Name,
            ["cause"] = alarm.Cause,
            ["advice"] = alarm.Advice,
        }).ToArray();
        return alarms.Length == 0
            ? AnswerAsync(request.Context, null)
            : AnswerAsync(
                request.Context, "There are alarms in effect in the cluster", Detail("alarms", new JsonArray(alarms)));
    }

    private static Task PassAsync(ApiRequest request)
    {
        // `…/vhost/{vhost}`: it has to be there.
        if (request.SegmentCount > 4 && request[3] == "vhost") request.Host(4);
        return AnswerAsync(request.Context, null);
    }

    /// <summary>Null when clients are served.</summary>
    private static string? OutOfService(ApiRequest request) =>
        request.Broker.Alarms.Active.HasFlag(ResourceAlarm.Journal)
            ? "this node stores nothing any more until it is restarted: a write to the journal has failed"
            : null;

    private Task ReadyAsync(ApiRequest request)
    {
        if (OutOfService(request) is { } reason) return AnswerAsync(request.Context, reason);
        return listeners.Rows.Any(static listener => listener.Protocol is "amqp" or "amqps")
            ? BelowConnectionLimitAsync(request)
            : AnswerAsync(request.Context, "no active listeners for AMQP/AMQPS");
    }

    private static Task BelowConnectionLimitAsync(ApiRequest request)
    {
        var count = request.Broker.Connections.Count();
        return count < request.Broker.Options.ConnectionsMax
            ? AnswerAsync(request.Context, null)
            : AnswerAsync(request.Context, "node connection limit is reached", Detail("connections", count));
    }

    private Task PortAsync(ApiRequest request)
    {
        if (!int.TryParse(request[3], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            throw ApiError.BadRequest("Invalid port");
        var ports = listeners.Rows.Select(static listener => listener.Port).ToHashSet();
        if (ports.Contains(port)) return PassAsync(request.Context, Detail("port", port));
        return AnswerAsync(
            request.Context, "No active listener", Detail("missing", port),
            Detail("ports", new JsonArray([.. ports.Order().Select(static number => JsonValue.Create(number))])));
    }

    private Task ProtocolsAsync(ApiRequest request)
    {
        var active = listeners.Rows.Select(static listener => listener.Protocol).ToHashSet();
        var missing = request[3].Split(',').Where(name => !active.Contains(ListenerNames.Find(name))).ToArray();
        var protocols = Detail("protocols", Texts(active.Order(StringComparer.Ordinal)));
        return missing.Length == 0
            ? PassAsync(request.Context, protocols)
            : AnswerAsync(request.Context, "No active listener", Detail("missing", Texts(missing)), protocols);
    }

    private static JsonArray Texts(IEnumerable<string> texts) =>
        new([.. texts.Select(static text => JsonValue.Create(text))]);

    private Task CertificatesAsync(ApiRequest request)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(request.Broker.NowMs);
        var until = Until(now, request[3], request[4]);
        var ending = listeners.Rows.Where(listener => listener.CertificateEnd?.Invoke() <= until).Select(
            static listener => new JsonObject
            {
                ["node"] = NodeResource.Name,
                ["protocol"] = listener.Protocol,
                ["interface"] = listener.Address,
                ["port"] = listener.Port,
                ["expires_at"] = listener.CertificateEnd!().ToString("O", CultureInfo.InvariantCulture),
            }).ToArray();
        return ending.Length == 0
            ? AnswerAsync(request.Context, null)
            : AnswerAsync(request.Context, "Certificates expiring", Detail("expired", new JsonArray(ending)));
    }

    private static DateTimeOffset Until(DateTimeOffset now, string within, string unit)
    {
        // A hundred years of days, so that no date leaves the calendar.
        if (!int.TryParse(within, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > 36_500)
            throw ApiError.BadRequest("Invalid expiration value");
        return unit switch
        {
            "day" or "days" => now.AddDays(count),
            "week" or "weeks" => now.AddDays(7L * count),
            "month" or "months" => now.AddMonths(count),
            "year" or "years" when count <= 1_000 => now.AddYears(count),
            _ => throw ApiError.BadRequest("Invalid expiration value"),
        };
    }

    private static KeyValuePair<string, JsonNode?> Detail(string name, JsonNode value) => new(name, value);

    private static Task PassAsync(HttpContext context, params KeyValuePair<string, JsonNode?>[] details) =>
        Json.WriteAsync(context, new JsonObject([new("status", "ok"), .. details]));

    /// <summary>Answers a check: 503 with the reason when it has failed.</summary>
    public static Task AnswerAsync(
        HttpContext context, string? failure, params KeyValuePair<string, JsonNode?>[] details)
    {
        if (failure is null) return PassAsync(context);
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Json.WriteAsync(
            context, new JsonObject([new("status", "failed"), new("reason", failure), .. details]));
    }
}
