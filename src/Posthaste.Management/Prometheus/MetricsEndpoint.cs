using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Posthaste.Broker;
using Posthaste.Management.Http;
using Posthaste.Management.Resources;

namespace Posthaste.Management.Prometheus;

/// <summary>
/// `/metrics`, `/metrics/per-object` and `/metrics/detailed`, as RabbitMQ's plug-in has them on a port of its own.
/// </summary>
/// <remarks>
/// Who may look: anybody on this machine, if no proxy stands between; others log in as users who see everything
/// (tags `administrator`, `monitoring`).
/// </remarks>
internal sealed class MetricsEndpoint(MessageBroker broker, ApiGate gate)
{
    private static readonly string[] ProxyHeaders = ["Forwarded", "X-Forwarded-For", "X-Real-IP"];

    public void Map(WebApplication application)
    {
        application.MapGet("/metrics", context => ServeAsync(context, Detail.Sums));
        application.MapGet("/metrics/per-object", context => ServeAsync(context, Detail.PerObject));
        application.MapGet("/metrics/detailed", context => ServeAsync(context, Detail.Detailed));
    }

    private async Task ServeAsync(HttpContext context, Detail detail)
    {
        try
        {
            if (!IsOnThisMachine(context)) RequireMonitor(await gate.EnterAsync(context).ConfigureAwait(false));
        }
        catch (ApiError error)
        {
            await error.WriteAsync(context).ConfigureAwait(false);
            return;
        }

        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        var hosts = context.Request.Query["vhost"];
        var scrape = new Scrape(broker, host => hosts.Count == 0 || hosts.Contains(host.Name));
        var wanted = context.Request.Query["family"];
        var text = new MetricsText();
        WriteIdentity(text, broker.ClusterName, detail);
        foreach (var family in MetricFamily.All)
        {
            if (detail == Detail.Detailed && !wanted.Contains(family.Name)) continue;
            family.Write(text, scrape, detail);

            // One family at a time: what ten thousand queues have to say is never in memory as a whole.
            await context.Response.WriteAsync(text.Take(), context.RequestAborted).ConfigureAwait(false);
        }

        await context.Response.WriteAsync(text.Take(), context.RequestAborted).ConfigureAwait(false);
    }

    private static void RequireMonitor(ApiRequest request)
    {
        if (request.SeesAll) return;
        var refused = ApiError.Unauthorized("Not monitor user");
        RequestAudit.Refused(request, request.Context.Request.Method, refused);
        throw refused;
    }

    private static bool IsOnThisMachine(HttpContext context) =>
        ApiGate.Connection(context).IsLoopback && !ProxyHeaders.Any(context.Request.Headers.ContainsKey);

    /// <summary>What RabbitMQ's dashboards join everything else with.</summary>
    private static void WriteIdentity(MetricsText text, string clusterName, Detail detail)
    {
        text.Family("rabbitmq_build_info", "gauge", "Which broker this is, and which RabbitMQ it stands for");
        text.Sample(
            "rabbitmq_build_info", 1, new Label("rabbitmq_version", "3.13.7"), new Label("erlang_version", "0"),
            new Label("product_name", "Posthaste"), new Label("product_version", NodeResource.Version));
        text.Family("rabbitmq_identity_info", "gauge", "The name of the node");
        text.Sample(
            "rabbitmq_identity_info", 1, new Label("rabbitmq_node", NodeResource.Name),
            new Label("rabbitmq_cluster", clusterName),
            new Label("rabbitmq_cluster_permanent_id", NodeResource.Name),
            new Label("rabbitmq_endpoint", detail switch
            {
                Detail.PerObject => "per-object",
                Detail.Detailed => "detailed",
                _ => "aggregated",
            }));
    }
}
