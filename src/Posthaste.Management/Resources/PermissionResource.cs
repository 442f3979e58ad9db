using System.Text.Json.Nodes;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>A topic permission with all that names it.</summary>
internal sealed record TopicRow(string User, string VirtualHost, string Exchange, TopicPermission Permission);

/// <summary>`permissions` and `topic-permissions`: what users may do in virtual hosts. For administrators.</summary>
internal sealed class PermissionResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("permissions", ListAsync);
        routes.Get("permissions/{vhost}/{user}", GetAsync);
        routes.Put("permissions/{vhost}/{user}", SetAsync);
        routes.Delete("permissions/{vhost}/{user}", ClearAsync);
        routes.Get("topic-permissions", ListTopicsAsync);
        routes.Get("topic-permissions/{vhost}/{user}", GetTopicsAsync);
        routes.Put("topic-permissions/{vhost}/{user}", SetTopicAsync);
        routes.Delete("topic-permissions/{vhost}/{user}", ClearTopicsAsync);
    }

    public static IEnumerable<TopicRow> Topics(UserStore users) => users.TopicPermissions.SelectMany(
        static item => item.Value.Select(
            topic => new TopicRow(item.Key.User, item.Key.VirtualHost, topic.Key, topic.Value)));

    public static JsonObject Describe(KeyValuePair<(string User, string VirtualHost), Permission> item) => new()
    {
        ["user"] = item.Key.User,
        ["vhost"] = item.Key.VirtualHost,
        ["configure"] = item.Value.Configure.Text,
        ["write"] = item.Value.Write.Text,
        ["read"] = item.Value.Read.Text,
    };

    public static JsonObject Describe(TopicRow row) => new()
    {
        ["user"] = row.User,
        ["vhost"] = row.VirtualHost,
        ["exchange"] = row.Exchange,
        ["write"] = row.Permission.Write,
        ["read"] = row.Permission.Read,
    };

    /// <summary>Reads the three expressions of a request or of a definition file.</summary>
    /// <exception cref="ApiError">One is missing or no expression.</exception>
    public static Permission Read(JsonObject json)
    {
        try
        {
            return Permission.Create(Need(json, "configure"), Need(json, "write"), Need(json, "read"));
        }
        catch (FormatException e)
        {
            throw ApiError.BadRequest(e.Message);
        }
    }

    public static TopicPermission ReadTopic(JsonObject json) => new(Need(json, "write"), Need(json, "read"));

    private static Task ListAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, request.Broker.Users.Permissions, static item => item.Key.User, Describe));
    }

    private static Task GetAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        var host = request.Host(1).Name;
        var permission = request.Broker.Users.PermissionOf(request[2], host) ?? throw ApiError.NotFound();
        return Json.WriteAsync(request.Context, Describe(KeyValuePair.Create((request[2], host), permission)));
    }

    private static async Task SetAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        var host = request.Host(1).Name;
        var permission = Read(await request.ReadAsync().ConfigureAwait(false));
        var users = request.Broker.Users;
        var isNew = users.PermissionOf(request[2], host) is null;
        await request.AnswerAsync(users.SetPermission(request[2], host, permission), isNew).ConfigureAwait(false);
    }

    private static Task ClearAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        var host = request.Host(1).Name;
        var users = request.Broker.Users;
        if (users.PermissionOf(request[2], host) is null) throw ApiError.NotFound();
        return request.AnswerAsync(users.SetPermission(request[2], host, null), created: false);
    }

    private static Task ListTopicsAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, Topics(request.Broker.Users), static row => row.User, Describe));
    }

    private static Task GetTopicsAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, Find(request), static row => row.Exchange, Describe));
    }

    private static async Task SetTopicAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        var host = request.Host(1).Name;
        var body = await request.ReadAsync().ConfigureAwait(false);
        var exchange = Need(body, "exchange");
        var isNew = !Find(request).Any(row => row.Exchange == exchange);
        var refused = request.Broker.Users.SetTopicPermission(request[2], host, exchange, ReadTopic(body));
        await request.AnswerAsync(refused, isNew).ConfigureAwait(false);
    }

    private static async Task ClearTopicsAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        var rows = Find(request).ToList();
        if (rows.Count == 0) throw ApiError.NotFound();
        string? refused = null;
        foreach (var row in rows)
            refused ??= request.Broker.Users.SetTopicPermission(row.User, row.VirtualHost, row.Exchange, null);
        await request.AnswerAsync(refused, created: false).ConfigureAwait(false);
    }

    private static IEnumerable<TopicRow> Find(ApiRequest request)
    {
        var host = request.Host(1).Name;
        return Topics(request.Broker.Users).Where(row => row.User == request[2] && row.VirtualHost == host);
    }

    private static string Need(JsonObject json, string name) =>
        Json.Text(json, name) ?? throw ApiError.BadRequest($"{name} is missing");
}
