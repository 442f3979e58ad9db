using System.Text.Json.Nodes;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>A subscription, and the queue that it is on.</summary>
internal readonly record struct ConsumerRow(BrokerQueue Queue, Subscription Subscription);

/// <summary>`consumers`: who consumes from which queue, over any protocol.</summary>
internal sealed class ConsumerResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("consumers", ListAsync).Says("Consumers of all virtual hosts.").OfClients().Lists("Consumer");
        routes.Get("consumers/{vhost}", ListAsync).Says("Consumers of a virtual host.").OfClients().Lists("Consumer");
    }

    public static IEnumerable<ConsumerRow> Of(BrokerQueue queue) => queue.ConsumerCount == 0
        ? []
        : queue.Look().Consumers.Select(subscription => new ConsumerRow(queue, subscription));

    public static IEnumerable<ConsumerRow> On(BrokerChannel channel) => channel.ConsumerCount == 0
        ? []
        : channel.Connection.Host.Catalog.Queues.Cast<BrokerQueue>().SelectMany(Of)
            .Where(row => row.Subscription.Channel == channel);

    public static JsonObject Describe(ConsumerRow row)
    {
        var subscription = row.Subscription;
        return new JsonObject
        {
            ["consumer_tag"] = subscription.ConsumerTag,
            ["queue"] = new JsonObject { ["name"] = row.Queue.Name, ["vhost"] = row.Queue.Host.Name },
            ["channel_details"] = ChannelDetails(subscription),
            ["ack_required"] = !subscription.NoAck,
            ["exclusive"] = subscription.Exclusive,
            ["prefetch_count"] = subscription.PrefetchMax,
            ["active"] = subscription.IsActive,
            ["activity_status"] = row.Queue.Definition.Settings.SingleActiveConsumer
                ? subscription.IsActive ? "single_active" : "waiting"
                : "up",
            ["arguments"] = Json.From(subscription.Arguments),
            ["messages_unacknowledged"] = subscription.UnackedCount,
        };
    }

    /// <summary>By queue and tag: both is what the filter looks at.</summary>
    private static Task ListAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context,
        request.HostsAt(1).SelectMany(static host => host.Catalog.Queues).Cast<BrokerQueue>().SelectMany(Of)
            .Where(row => IsOfProtocol(row, request)),
        static row => $"{row.Queue.Name} {row.Subscription.ConsumerTag}", Describe, SortKey));

    /// <summary>What a list can be sorted by without making its rows; null for anything else.</summary>
    private static Func<ConsumerRow, SortValue>? SortKey(string column) => column switch
    {
        "consumer_tag" => static row => row.Subscription.ConsumerTag,
        "queue.vhost" => static row => row.Queue.Host.Name,
        "prefetch_count" => static row => row.Subscription.PrefetchMax,
        "messages_unacknowledged" => static row => row.Subscription.UnackedCount,
        "channel_details.user" => static row => row.Subscription.Connection?.User.Name ?? "",
        "channel_details.name" => static row =>
            row.Subscription.Channel?.Name ?? row.Subscription.Connection?.Name ?? "",
        _ => null,
    };

    private static bool IsOfProtocol(ConsumerRow row, ApiRequest request) =>
        request.Context.Request.Query["protocol"].ToString() is not { Length: > 0 } protocol
        || row.Subscription.Connection?.Protocol == protocol;

    private static JsonObject ChannelDetails(Subscription subscription)
    {
        if (subscription.Connection is not { } connection) return [];
        var details = ConnectionResource.DescribeShort(connection);
        details["connection_name"] = connection.Name;
        details["name"] = subscription.Channel?.Name ?? connection.Name;
        details["number"] = subscription.Channel?.Number ?? 0;
        details["node"] = NodeResource.Name;
        details["user"] = connection.User.Name;
        return details;
    }
}
