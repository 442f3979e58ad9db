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
internal sealed class HealthResource(IReadOnlyList<ListenerRow> listeners) : IResource
{
    private static readonly (ResourceAlarm Alarm, string Resource, string Cause, string Advice)[] Known =
    [
        (ResourceAlarm.Memory, "memory", "transient messages fill the memory that they may use",
            "consume or purge the longest queues, or raise TransientBytesMax"),
        (ResourceAlarm.Disk, "disk", "the disk of the data directory has less room than it should keep",
            "free room on it or consume the longest queues; DiskFreeBytesMin says how much it should keep"),
        (ResourceAlarm.Journal, "journal", "a write to the journal has failed",
            "check the disk and the log, then restart the broker; nothing that was confirmed is lost"),
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
        routes.Get("health/checks/alarms", AlarmsAsync);
        routes.Get("health/checks/local-alarms", AlarmsAsync);
        routes.Get("health/checks/virtual-hosts", static request => AnswerAsync(request.Context, null));
        routes.Get("health/checks/node-is-quorum-critical", static request => AnswerAsync(request.Context, null));
        routes.Get("health/checks/node-is-mirror-sync-critical", static request => AnswerAsync(request.Context, null));
        routes.Get("health/checks/port-listener/{port}", request => AnswerAsync(
            request.Context,
            listeners.Any(listener => $"{listener.Port}" == request[3]) ? null : "no active listener"));
        routes.Get("health/checks/protocol-listener/{protocol}", request => AnswerAsync(
            request.Context,
            listeners.Any(listener => listener.Protocol == request[3]) ? null : "no active listener"));
        routes.Get("health/checks/certificate-expiration/{within}/{unit}", CertificatesAsync);
    }

    private static Task AlarmsAsync(ApiRequest request)
    {
        var active = request.Broker.Alarms.Active;
        var alarms = Known.Where(known => active.HasFlag(known.Alarm)).Select(static known => new JsonObject
        {
            ["node"] = NodeResource.Name,
            ["resource"] = known.Resource,
            ["cause"] = known.Cause,
            ["advice"] = known.Advice,
        }).ToArray();
        return alarms.Length == 0
            ? AnswerAsync(request.Context, null)
            : AnswerAsync(
                request.Context, "There are alarms in effect in the cluster", new("alarms", new JsonArray(alarms)));
    }

    private Task CertificatesAsync(ApiRequest request)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(request.Broker.NowMs);
        var until = Until(now, request[3], request[4]);
        var ending = listeners.Where(listener => listener.CertificateEnd?.Invoke() <= until).Select(
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
            : AnswerAsync(request.Context, "Certificates expiring", new("expired", new JsonArray(ending)));
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

    private static Task AnswerAsync(
        HttpContext context, string? failure, KeyValuePair<string, JsonNode?>? details = null)
    {
        if (failure is null) return Json.WriteAsync(context, new JsonObject { ["status"] = "ok" });
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        var answer = new JsonObject { ["status"] = "failed", ["reason"] = failure };
        if (details is { } more) answer.Add(more);
        return Json.WriteAsync(context, answer);
    }
}
