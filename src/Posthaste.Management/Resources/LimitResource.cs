using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Security;
using Posthaste.Management.Http;
using LimitMap = System.Collections.Immutable.ImmutableSortedDictionary<string, long>;

namespace Posthaste.Management.Resources;

/// <summary>`vhost-limits` and `user-limits`, which administrators set.</summary>
internal sealed class LimitResource : IResource
{
    private const string Missing = "[{key_missing,value}]";

    public void Map(ApiRoutes routes)
    {
        routes.Get("vhost-limits", HostsAsync).Says("Limits of all virtual hosts.").Lists("VirtualHostLimits");
        routes.Get("vhost-limits/{vhost}", HostsAsync).Says("Limits of a virtual host.").Lists("VirtualHostLimits");
        routes.Put("vhost-limits/{vhost}/{name}", PutOfHostAsync).For(UserTags.Administrator)
            .Says("Sets a limit of a virtual host.").Takes("LimitPut");
        routes.Delete("vhost-limits/{vhost}/{name}", DeleteOfHostAsync).For(UserTags.Administrator)
            .Says("Removes a limit of a virtual host.");
        routes.Get("user-limits", UsersAsync).For(UserTags.Administrator).Says("Limits of all users.")
            .Lists("UserLimits");
        routes.Get("user-limits/{user}", UsersAsync).For(UserTags.Administrator).Says("Limits of a user.")
            .Lists("UserLimits");
        routes.Put("user-limits/{user}/{name}", PutOfUserAsync).For(UserTags.Administrator)
            .Says("Sets a limit of a user.").Takes("LimitPut");
        routes.Delete("user-limits/{user}/{name}", DeleteOfUserAsync).For(UserTags.Administrator)
            .Says("Removes a limit of a user.");
    }

    public static JsonObject Describe(LimitMap limits) =>
        new(limits.Select(static limit => KeyValuePair.Create(limit.Key, (JsonNode?)limit.Value)));

    /// <summary>Reads limits of a definition file.</summary>
    /// <exception cref="ApiError">One is unknown, or no number.</exception>
    public static LimitMap Read(JsonObject json, ImmutableArray<string> known, string what) => User.NoLimits.AddRange(
        json.Select(limit => KeyValuePair.Create(limit.Key, Read(limit.Key, limit.Value, known, what))));

    private static long Read(string name, JsonNode? value, ImmutableArray<string> known, string what)
    {
        if (value is null) throw ApiError.BadRequest(Missing);
        if (!known.Contains(name))
            throw ApiError.BadRequest($"Unrecognised terms [{{<<\"{name}\">>,{value.ToJsonString()}}}] in {what}");
        return value is JsonValue number && number.TryGetValue<long>(out var limit)
            ? limit
            : throw ApiError.BadRequest($"{name} should be a number, actually was {value.ToJsonString()}");
    }

    private static Task HostsAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context, request.HostsAt(1).Where(static host => host.Settings.Limits.Count > 0),
        static host => host.Name, static host => new JsonObject
        {
            ["vhost"] = host.Name,
            ["value"] = Describe(host.Settings.Limits),
        }));

    private static async Task PutOfHostAsync(ApiRequest request)
    {
        var (host, name) = (request.Host(1), request[2]);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var limit = Read(name, body["value"], LimitNames.OfVirtualHosts, "limits");
        await ChangeAsync(request, host, limits => limits.SetItem(name, limit)).ConfigureAwait(false);
    }

    private static Task DeleteOfHostAsync(ApiRequest request) =>
        ChangeAsync(request, request.Host(1), limits => limits.Remove(request[2]));

    private static Task ChangeAsync(ApiRequest request, VirtualHost host, Func<LimitMap, LimitMap> change)
    {
        var refused = host.ChangeSettings(settings => settings with { Limits = change(settings.Limits) });
        return request.AnswerAsync(refused, created: false);
    }

    private static Task UsersAsync(ApiRequest request)
    {
        var users = request.SegmentCount > 1 ? [Find(request)] : request.Broker.Users.Users;
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, users.Where(static user => user.Limits.Count > 0), static user => user.Name,
            static user => new JsonObject { ["user"] = user.Name, ["value"] = Describe(user.Limits) }));
    }

    private static async Task PutOfUserAsync(ApiRequest request)
    {
        Find(request);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var limit = Read(request[2], body["value"], LimitNames.OfUsers, "user-limits");
        await ChangeAsync(request, limits => limits.SetItem(request[2], limit)).ConfigureAwait(false);
    }

    private static Task DeleteOfUserAsync(ApiRequest request)
    {
        Find(request);
        return ChangeAsync(request, limits => limits.Remove(request[2]));
    }

    private static Task ChangeAsync(ApiRequest request, Func<LimitMap, LimitMap> change)
    {
        var refused = request.Broker.Users.Update(
            request[1], user => user with { Limits = change(user.Limits) });
        return request.AnswerAsync(refused, created: false);
    }

    private static User Find(ApiRequest request) =>
        request.Broker.Users.TryGet(request[1], out var user) ? user : throw ApiError.NotFound();
}
