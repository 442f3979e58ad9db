using System.Net;
using System.Text.Json.Nodes;
using Posthaste.Broker.Connections;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`connections`: who is connected, over any protocol, and how to close it.</summary>
internal sealed class ConnectionResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("connections", ListAsync).Says("Connections, over every protocol.").Samples().OfClients()
            .Lists("Connection");
        routes.Get("vhosts/{vhost}/connections", ListOfHostAsync).Says("Connections to a virtual host.").Samples()
            .OfClients().Lists("Connection");
        routes.Get("connections/{name}", GetAsync).Says("A connection.").Samples().Shows("Connection");
        routes.Delete("connections/{name}", CloseAsync)
            .Says("Closes a connection, with the reason of the header `X-Reason`.");
        routes.Get("connections/{name}/sessions", SessionsAsync)
            .Says("Sessions of a connection of AMQP 1.0; others have none.").Lists("Session");
        routes.Get("connections/username/{user}", ListOfUserAsync).Says("Connections of a user.").Samples()
            .Lists("Connection");
        routes.Delete("connections/username/{user}", CloseAllOfUserAsync).Says("Closes all connections of a user.");
    }

    private static Task ListAsync(ApiRequest request) => ShowAsync(request, Visible(request));

    private static Task ListOfHostAsync(ApiRequest request)
    {
        var host = request.Host(1);
        return ShowAsync(request, Visible(request).Where(connection => connection.Host == host));
    }

    private static Task ListOfUserAsync(ApiRequest request) =>
        ShowAsync(request, Visible(request).Where(connection => connection.User.Name == request[2]));

    private static Task GetAsync(ApiRequest request) => Json.WriteAsync(
        request.Context, Describe(Find(request), SampleWindows.Of(request.Context)));

    private static Task CloseAsync(ApiRequest request)
    {
        Close(request, Find(request));
        return request.AnswerAsync(refused: null, created: false);
    }

    private static Task CloseAllOfUserAsync(ApiRequest request)
    {
        foreach (var connection in Visible(request).Where(connection => connection.User.Name == request[2]))
            Close(request, connection);
        return request.AnswerAsync(refused: null, created: false);
    }

    private static Task SessionsAsync(ApiRequest request)
    {
        Find(request);
        throw ApiError.BadRequest("connection does not use AMQP 1.0");
    }

    private static void Close(ApiRequest request, BrokerConnection connection)
    {
        var reason = request.Context.Request.Headers["X-Reason"].ToString();
        connection.RequestClose(reason.Length > 0 ? reason : "Closed via management plugin");
    }

    private static Task ShowAsync(ApiRequest request, IEnumerable<BrokerConnection> connections)
    {
        var windows = SampleWindows.Of(request.Context);
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, connections, static connection => connection.Name,
            connection => Describe(connection, windows), SortKey));
    }

    /// <summary>What a list can be sorted by without making its rows; null for anything else.</summary>
    private static Func<BrokerConnection, SortValue>? SortKey(string column) => column switch
    {
        "user" => static connection => connection.User.Name,
        "vhost" => static connection => connection.Host.Name,
        "protocol" => static connection => connection.Protocol,
        "connected_at" => static connection => connection.OpenedAtMs,
        "channels" => static connection => connection.Channels.Count,
        _ => StatisticsRows.SortKey<BrokerConnection>(column, static connection => connection.Meter),
    };

    /// <summary>
    /// All for those who see all, else the user's own, as in RabbitMQ; of one protocol if the query says so.
    /// </summary>
    public static IEnumerable<BrokerConnection> Visible(ApiRequest request) =>
        request.Broker.Connections.Where(connection => IsVisible(connection, request));

    public static bool IsVisible(BrokerConnection connection, ApiRequest request) =>
        (request.SeesAll || connection.User.Name == request.User.Name)
        && (request.Context.Request.Query["protocol"].ToString() is not { Length: > 0 } protocol
            || connection.Protocol == protocol);

    public static BrokerConnection Find(ApiRequest request) =>
        Visible(request).FirstOrDefault(connection => connection.Name == request[1]) ?? throw ApiError.NotFound();

    /// <summary>The part of a row that channels and consumers repeat.</summary>
    public static JsonObject DescribeShort(BrokerConnection connection)
    {
        var remote = connection.Transport.RemoteEndPoint as IPEndPoint;
        return new JsonObject
        {
            ["name"] = connection.Name,
            ["peer_host"] = remote?.Address.ToString(),
            ["peer_port"] = remote?.Port,
            ["protocol"] = connection.Protocol,
        };
    }

    private static JsonObject Describe(BrokerConnection connection, SampleWindows windows)
    {
        var remote = connection.Transport.RemoteEndPoint as IPEndPoint;
        var local = connection.Transport.LocalEndPoint as IPEndPoint;
        var row = new JsonObject
        {
            ["name"] = connection.Name,
            ["user_provided_name"] = connection.ClientName,
            ["user"] = connection.User.Name,
            ["vhost"] = connection.Host.Name,
            ["protocol"] = connection.Protocol,
            ["peer_host"] = remote?.Address.ToString(),
            ["peer_port"] = remote?.Port,
            ["host"] = local?.Address.ToString(),
            ["port"] = local?.Port,
            ["ssl"] = connection.Transport.IsTls,
            ["state"] = "running",
            ["connected_at"] = connection.OpenedAtMs,
            ["node"] = NodeResource.Name,
            ["type"] = "network",
            ["user_who_performed_action"] = connection.User.Name,
            ["channels"] = connection.Channels.Count,
            ["send_pend"] = 0,
            ["publishes_to"] = new JsonArray(
                [.. connection.PublishesTo.Select(static exchange => JsonValue.Create(exchange.Name))]),
            ["message_stats"] = StatisticsRows.OfClients(connection.Meter, windows.Messages),
        };
        StatisticsRows.AddBytes(row, connection.Meter, windows.Bytes);
        return row;
    }
}
