using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Statistics;
using Posthaste.Core.Catalog;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`overview`: all that a user may see, in sums.</summary>
internal sealed class Overview(ListenerTable listeners)
{
    public Task ShowAsync(ApiRequest request)
    {
        var hosts = request.VirtualHosts.ToList();
        var windows = SampleWindows.Of(request.Context);
        long ready = 0, unacknowledged = 0;
        foreach (var now in hosts.Select(static host => host.Meter.Now))
        {
            ready += now.Of(Metric.Ready);
            unacknowledged += now.Of(Metric.Unacknowledged);
        }

        // The whole broker is for those who see all of it; others get the sum of what they see, without its history.
        Meter? meter = request.SeesAll ? request.Broker.Statistics.Broker : null;
        var totals = new JsonObject();
        StatisticsRows.AddDepth(totals, meter, ready, unacknowledged, windows.Lengths);
        var row = new JsonObject
        {
            // What tools look at before they use a feature: the RabbitMQ whose API this is.
            ["management_version"] = "3.13.7",
            ["rabbitmq_version"] = "3.13.7",
            ["product_name"] = "Posthaste",
            ["product_version"] = NodeResource.Version,
            ["erlang_version"] = "0",
            ["cluster_name"] = request.Broker.ClusterName,
            ["node"] = NodeResource.Name,
            ["rates_mode"] = "basic",
            ["sample_retention_policies"] = Retention(),
            ["disable_stats"] = false,
            ["enable_queue_totals"] = false,
            ["exchange_types"] = ExchangeTypes(),
            ["queue_totals"] = totals,
            ["object_totals"] = ObjectTotals(request, hosts),
            ["message_stats"] = meter is null
                ? hosts.Select(static host => StatisticsRows.OfClients(host.Meter, SampleWindow.None))
                    .Aggregate(new JsonObject(), StatisticsRows.Sum)
                : StatisticsRows.OfClients(meter, windows.Messages),
            ["churn_rates"] = StatisticsRows.Of(request.Broker.Statistics.Churn),
            ["statistics_db_event_queue"] = 0,
            ["listeners"] = new JsonArray([.. listeners.Rows.Select(NodeResource.Describe)]),
            ["contexts"] = new JsonArray(),
        };
        return Json.WriteAsync(request.Context, Listing.Select(row, request.Context));
    }

    public static JsonArray ExchangeTypes() => new([.. Enum.GetValues<ExchangeType>().Select(static type =>
        new JsonObject { ["name"] = type.WireName(), ["enabled"] = true })]);

    private static JsonObject ObjectTotals(ApiRequest request, List<VirtualHost> hosts)
    {
        int queues = 0, consumers = 0;
        foreach (var queue in hosts.SelectMany(static host => host.Catalog.Queues).Cast<BrokerQueue>())
        {
            queues++;
            consumers += queue.ConsumerCount;
        }

        return new JsonObject
        {
            ["connections"] = ConnectionResource.Visible(request).Count(),
            ["channels"] = ConnectionResource.Visible(request).Sum(static connection => connection.Channels.Count),
            ["queues"] = queues,
            ["exchanges"] = hosts.Sum(static host => host.Catalog.Exchanges.Count()),
            ["consumers"] = consumers,
        };
    }

    /// <summary>In seconds: what is kept is the same for all.</summary>
    private static JsonObject Retention()
    {
        const int Seconds = BrokerStatistics.TicksKept * BrokerStatistics.PeriodMs / 1_000;
        return new JsonObject
        {
            ["global"] = new JsonArray(Seconds),
            ["basic"] = new JsonArray(Seconds),
            ["detailed"] = new JsonArray(Seconds),
        };
    }
}
