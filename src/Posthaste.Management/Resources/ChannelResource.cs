using System.Text.Json.Nodes;
using Posthaste.Broker.Connections;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`channels`: what the channels of connections are doing.</summary>
internal sealed class ChannelResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("channels", static request => ShowAsync(request, ConnectionResource.Visible(request)))
            .Says("Channels of all connections.").Samples().OfClients().Lists("Channel");
        routes.Get("channels/{name}", GetAsync).Says("A channel, with its consumers.").Samples().Shows("Channel");
        routes.Get("vhosts/{vhost}/channels", ListOfHostAsync).Says("Channels in a virtual host.").Samples()
            .OfClients().Lists("Channel");
        routes.Get("connections/{name}/channels", static request =>
            ShowAsync(request, [ConnectionResource.Find(request)])).Says("Channels of a connection.").Samples()
            .Lists("Channel");
    }

    private static Task ListOfHostAsync(ApiRequest request)
    {
        var host = request.Host(1);
        return ShowAsync(request, ConnectionResource.Visible(request).Where(connection => connection.Host == host));
    }

    private static Task GetAsync(ApiRequest request)
    {
        var channel = ConnectionResource.Visible(request).SelectMany(static connection => connection.Channels)
            .FirstOrDefault(channel => channel.Name == request[1]) ?? throw ApiError.NotFound();
        var row = Describe(channel, SampleWindows.Of(request.Context));
        row["consumer_details"] = new JsonArray([.. ConsumerResource.On(channel).Select(ConsumerResource.Describe)]);
        return Json.WriteAsync(request.Context, row);
    }

    private static Task ShowAsync(ApiRequest request, IEnumerable<BrokerConnection> connections)
    {
        var windows = SampleWindows.Of(request.Context);
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, connections.SelectMany(static connection => connection.Channels),
            static channel => channel.Name, channel => Describe(channel, windows), SortKey));
    }

    /// <summary>What a list can be sorted by without making its rows; null for anything else.</summary>
    private static Func<BrokerChannel, SortValue>? SortKey(string column) => column switch
    {
        "user" => static channel => channel.Connection.User.Name,
        "vhost" => static channel => channel.Connection.Host.Name,
        "consumer_count" => static channel => channel.ConsumerCount,
        "prefetch_count" => static channel => channel.PrefetchMax,
        "messages_unacknowledged" => static channel => channel.UnackedCount,
        "messages_unconfirmed" => static channel => channel.UnconfirmedCount,
        _ => StatisticsRows.SortKey<BrokerChannel>(column, static channel => channel.Meter),
    };

    private static JsonObject Describe(BrokerChannel channel, SampleWindows windows) => new()
    {
        ["name"] = channel.Name,
        ["number"] = channel.Number,
        ["connection_details"] = ConnectionResource.DescribeShort(channel.Connection),
        ["vhost"] = channel.Connection.Host.Name,
        ["user"] = channel.Connection.User.Name,
        ["user_who_performed_action"] = channel.Connection.User.Name,
        ["node"] = NodeResource.Name,
        ["state"] = "running",
        ["confirm"] = channel.IsConfirming,
        ["transactional"] = channel.IsTransactional,
        ["prefetch_count"] = channel.PrefetchMax,
        ["global_prefetch_count"] = channel.SharedPrefetchMax,
        ["consumer_count"] = channel.ConsumerCount,
        ["messages_unacknowledged"] = channel.UnackedCount,
        ["messages_unconfirmed"] = channel.UnconfirmedCount,
        ["messages_uncommitted"] = channel.UncommittedCount,
        ["acks_uncommitted"] = channel.UncommittedAckCount,
        ["oldest_unacknowledged_ms"] = channel.Connection.Host.Broker.LookAtPins().OldestUnackedMs(channel),
        ["message_stats"] = StatisticsRows.OfClients(channel.Meter, windows.Messages),
    };
}
