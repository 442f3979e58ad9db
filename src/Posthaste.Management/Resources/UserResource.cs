using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Passwords;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`users` and `whoami`. All but the last for administrators.</summary>
internal sealed class UserResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("users", ListAsync).For(UserTags.Administrator).Says("Users.").Lists("User");
        routes.Get("users/without-permissions", ListAsync).For(UserTags.Administrator)
            .Says("Users who may enter no virtual host.").Lists("User");
        routes.Get("users/{name}", GetAsync).For(UserTags.Administrator).Says("A user.").Shows("User");
        routes.Put("users/{name}", PutAsync).For(UserTags.Administrator)
            .Says("Adds a user, or changes password and tags of one.").Takes("UserPut").Creates();
        routes.Delete("users/{name}", DeleteAsync).For(UserTags.Administrator).Says("Removes a user.");
        routes.Post("users/bulk-delete", BulkDeleteAsync).For(UserTags.Administrator).Says("Removes users.")
            .Takes("UserNames");
        routes.Get("users/{name}/permissions", PermissionsAsync).For(UserTags.Administrator)
            .Says("What a user may do, by virtual host.").Lists("Permission");
        routes.Get("users/{name}/topic-permissions", TopicPermissionsAsync).For(UserTags.Administrator)
            .Says("Topic permissions of a user.").Lists("TopicPermission");
        routes.Get("whoami", WhoAmIAsync).Says("Who asks.").Shows("WhoAmI");
    }

    public static JsonObject Describe(User user)
    {
        var hash = user.Passwords.FirstOrDefault();
        return new JsonObject
        {
            ["name"] = user.Name,
            ["password_hash"] = hash?.Text ?? "",
            ["hashing_algorithm"] = hash?.Algorithm ?? "",
            ["tags"] = new JsonArray([.. user.Tags.Select(static tag => JsonValue.Create(tag))]),
            ["limits"] = LimitResource.Describe(user.Limits),
        };
    }

    /// <summary>
    /// Reads a user of a request or a definition file: `password`, or `password_hash` with `hashing_algorithm`, or
    /// neither for one who can't log in by password; `tags` as a list or as text with commas.
    /// </summary>
    /// <exception cref="ApiError">Something is not acceptable.</exception>
    public static User Read(string name, JsonObject json, Action<Span<byte>> fillRandom) => new(name)
    {
        Passwords = ReadPasswords(json, fillRandom),
        Tags = ReadTags(json["tags"]),
        Limits = json["limits"] is JsonObject limits
            ? LimitResource.Read(limits, LimitNames.OfUsers, "user-limits")
            : User.NoLimits,
    };

    private static ImmutableArray<PasswordHash> ReadPasswords(JsonObject json, Action<Span<byte>> fillRandom)
    {
        if (Json.Text(json, "password") is { Length: > 0 } password)
        {
            return
            [
                ScramCredential.Create(ScramMechanism.Sha512, password, fillRandom),
                ScramCredential.Create(ScramMechanism.Sha256, password, fillRandom),
            ];
        }

        if (Json.Text(json, "password_hash") is not { Length: > 0 } text) return [];
        return PasswordHash.TryParse(Json.Text(json, "hashing_algorithm"), text, out var hash, out var fault)
            ? [hash]
            : throw ApiError.BadRequest(fault);
    }

    private static ImmutableArray<string> ReadTags(JsonNode? tags) => tags switch
    {
        null => throw ApiError.BadRequest("tags are missing"),
        JsonArray list => [.. list.Select(static tag => tag?.ToString() ?? "")],
        JsonValue value when value.TryGetValue<string>(out var text) =>
            [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)],
        _ => throw ApiError.BadRequest("tags have to be a list, or text with commas"),
    };

    private static Task ListAsync(ApiRequest request)
    {
        var users = request.Broker.Users;
        var shown = users.Users;
        if (request.SegmentCount > 1)
            shown = shown.ExceptBy(users.Permissions.Select(static item => item.Key.User), static user => user.Name);
        return Json.WriteAsync(
            request.Context, Listing.Show(request.Context, shown, static user => user.Name, Describe));
    }

    private static Task GetAsync(ApiRequest request) => Json.WriteAsync(request.Context, Describe(Find(request)));

    private static async Task PutAsync(ApiRequest request)
    {
        var users = request.Broker.Users;
        var body = await request.ReadAsync().ConfigureAwait(false);
        var user = Read(request[1], body, request.Broker.Options.FillRandom);

        // As in RabbitMQ: who gets another password keeps the limits.
        if (users.TryGet(user.Name, out var known) && body["limits"] is null)
            user = user with { Limits = known.Limits };
        if (Json.Flag(body, "keep_password"))
            user = user with { Passwords = known?.Passwords ?? throw ApiError.BadRequest("there is no password yet") };
        await request.AnswerAsync(users.Put(user), created: known is null).ConfigureAwait(false);
    }

    private static Task DeleteAsync(ApiRequest request) =>
        request.AnswerAsync(request.Broker.Users.Remove(Find(request).Name), created: false);

    private static async Task BulkDeleteAsync(ApiRequest request)
    {
        var body = await request.ReadAsync().ConfigureAwait(false);
        foreach (var name in body["users"] as JsonArray ?? throw ApiError.BadRequest("users are missing"))
            request.Broker.Users.Remove(name?.ToString() ?? "");
        await request.AnswerAsync(refused: null, created: false).ConfigureAwait(false);
    }

    private static Task PermissionsAsync(ApiRequest request)
    {
        var name = Find(request).Name;
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, request.Broker.Users.Permissions.Where(item => item.Key.User == name),
            static item => item.Key.VirtualHost, PermissionResource.Describe));
    }

    private static Task TopicPermissionsAsync(ApiRequest request)
    {
        var name = Find(request).Name;
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, PermissionResource.Topics(request.Broker.Users).Where(row => row.User == name),
            static row => row.VirtualHost, PermissionResource.Describe));
    }

    private static Task WhoAmIAsync(ApiRequest request) => Json.WriteAsync(request.Context, new JsonObject
    {
        ["name"] = request.User.Name,
        ["tags"] = new JsonArray([.. request.User.Tags.Select(static tag => JsonValue.Create(tag))]),
    });

    private static User Find(ApiRequest request) =>
        request.Broker.Users.TryGet(request[1], out var user) ? user : throw ApiError.NotFound();
}
