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
        routes.Get("permissions", ListAsync).For(UserTags.Administrator).Says("Permissions of all users.")
            .Lists("Permission");
        routes.Get("permissions/{vhost}/{user}", GetAsync).For(UserTags.Administrator)
            .Says("What a user may do in a virtual host.").Shows("Permission");
        routes.Put("permissions/{vhost}/{user}", SetAsync).For(UserTags.Administrator)
            .Says("Says what a user may do in a virtual host.").Takes("PermissionPut").Creates();
        routes.Delete("permissions/{vhost}/{user}", ClearAsync).For(UserTags.Administrator)
            .Says("Keeps a user out of a virtual host.");
        routes.Get("permissions/{vhost}/{user}/check", AccessCheck.AnswerAsync).For(UserTags.Administrator)
            .Says("Whether a user may do something.")
            .Takes("access", "string", "What: `configure`, `write` or `read`.")
            .Takes("kind", "string", "Of what: `queue` or `exchange`.")
            .Takes("name", "string", "Its name.")
            .Takes("routing_key", "string", "The key, of a topic exchange.").Shows("AccessAnswer");
        routes.Get("topic-permissions", ListTopicsAsync).For(UserTags.Administrator)
            .Says("Topic permissions of all users.").Lists("TopicPermission");
        routes.Get("topic-permissions/{vhost}/{user}", GetTopicsAsync).For(UserTags.Administrator)
            .Says("Topic permissions of a user in a virtual host.").Lists("TopicPermission");
        routes.Put("topic-permissions/{vhost}/{user}", SetTopicAsync).For(UserTags.Administrator)
            .Says("Says which routing keys of an exchange a user may use.").Takes("TopicPermissionPut").Creates();
        routes.Delete("topic-permissions/{vhost}/{user}", ClearTopicsAsync).For(UserTags.Administrator)
            .Says("Removes all topic permissions of a user in a virtual host.");
        routes.Get("topic-permissions/{vhost}/{user}/{exchange}", GetTopicsAsync).For(UserTags.Administrator)
            .Says("The topic permission of a user for an exchange.").Lists("TopicPermission");
        routes.Delete("topic-permissions/{vhost}/{user}/{exchange}", ClearTopicsAsync).For(UserTags.Administrator)
            .Says("Removes the topic permission of a user for an exchange.");
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

    private static Task ListAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context, request.Broker.Users.Permissions, static item => item.Key.User, Describe));

    private static Task GetAsync(ApiRequest request)
    {
        var host = request.Host(1).Name;
        var permission = request.Broker.Users.PermissionOf(request[2], host) ?? throw ApiError.NotFound();
        return Json.WriteAsync(request.Context, Describe(KeyValuePair.Create((request[2], host), permission)));
    }

    private static async Task SetAsync(ApiRequest request)
    {
        var host = request.Host(1).Name;
        var permission = Read(await request.ReadAsync().ConfigureAwait(false));
        var users = request.Broker.Users;
        var isNew = users.PermissionOf(request[2], host) is null;
        await request.AnswerAsync(users.SetPermission(request[2], host, permission), isNew).ConfigureAwait(false);
    }

    private static Task ClearAsync(ApiRequest request)
    {
        var host = request.Host(1).Name;
        var users = request.Broker.Users;
        if (users.PermissionOf(request[2], host) is null) throw ApiError.NotFound();
        return request.AnswerAsync(users.SetPermission(request[2], host, null), created: false);
    }

    private static Task ListTopicsAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context, Topics(request.Broker.Users), static row => row.User, Describe));

    private static Task GetTopicsAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context, Find(request), static row => row.Exchange, Describe));

    private static async Task SetTopicAsync(ApiRequest request)
    {
        var host = request.Host(1).Name;
        var body = await request.ReadAsync().ConfigureAwait(false);
        var exchange = Need(body, "exchange");
        var isNew = !Find(request).Any(row => row.Exchange == exchange);
        var refused = request.Broker.Users.SetTopicPermission(request[2], host, exchange, ReadTopic(body));
        await request.AnswerAsync(refused, isNew).ConfigureAwait(false);
    }

    private static async Task ClearTopicsAsync(ApiRequest request)
    {
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
        var exchange = request.SegmentCount > 3 ? request[3] : null;
        return Topics(request.Broker.Users).Where(row =>
            row.User == request[2] && row.VirtualHost == host && (exchange is null || row.Exchange == exchange));
    }

    private static string Need(JsonObject json, string name) =>
        Json.Text(json, name) ?? throw ApiError.BadRequest($"{name} is missing");
}
