using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Statistics;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`vhosts`: name spaces of queues and exchanges.</summary>
internal sealed class VirtualHostResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("vhosts", ListAsync);
        routes.Get("vhosts/{vhost}", GetAsync);
        routes.Put("vhosts/{vhost}", AddAsync);
        routes.Get("vhosts/{vhost}/permissions", PermissionsAsync);
        routes.Get("vhosts/{vhost}/topic-permissions", TopicPermissionsAsync);
    }

    private static Task ListAsync(ApiRequest request)
    {
        var windows = SampleWindows.Of(request.Context);
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, request.VirtualHosts, static host => host.Name, host => Describe(host, windows)));
    }

    private static Task GetAsync(ApiRequest request) => Json.WriteAsync(
        request.Context, Describe(request.Host(1), SampleWindows.Of(request.Context)));

    private static async Task AddAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        var name = request[1];
        var isNew = request.Broker.FindVirtualHost(name) is null;
        try
        {
            request.Broker.AddVirtualHost(name);
        }
        catch (BrokerLimitException e)
        {
            throw ApiError.BadRequest(e.Message);
        }

        // As in RabbitMQ: who makes a virtual host may use it.
        if (isNew) request.Broker.Users.SetPermission(request.User.Name, name, Permission.Full);
        await request.AnswerAsync(refused: null, isNew).ConfigureAwait(false);
    }

    private static Task PermissionsAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        var host = request.Host(1).Name;
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, request.Broker.Users.Permissions.Where(item => item.Key.VirtualHost == host),
            static item => item.Key.User, PermissionResource.Describe));
    }

    private static Task TopicPermissionsAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        var host = request.Host(1).Name;
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, PermissionResource.Topics(request.Broker.Users).Where(item => item.VirtualHost == host),
            static item => item.User, PermissionResource.Describe));
    }

    private static JsonObject Describe(VirtualHost host, SampleWindows windows)
    {
        var now = host.Meter.Now;
        var row = new JsonObject
        {
            ["name"] = host.Name,
            ["tracing"] = false,
            ["cluster_state"] = new JsonObject { [NodeResource.Name] = "running" },
            ["message_stats"] = StatisticsRows.OfClients(host.Meter, windows.Messages),
        };
        StatisticsRows.AddDepth(
            row, host.Meter, now.Of(Metric.Ready), now.Of(Metric.Unacknowledged), windows.Lengths);
        StatisticsRows.AddBytes(row, host.Meter, windows.Bytes);
        return row;
    }
}
