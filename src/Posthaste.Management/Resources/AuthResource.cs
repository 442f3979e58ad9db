using System.Text.Json.Nodes;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Passwords;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`auth`: how pages log in, how often anybody tried, and hashes for definition files.</summary>
internal sealed class AuthResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("auth", static request => Json.WriteAsync(
            request.Context, new JsonObject { ["oauth_enabled"] = false }))
            .Says("Whether the console logs in by OAuth 2: it does not.").Shows("AuthSettings");
        routes.Get("auth/attempts/{node}", AttemptsAsync).For(UserTags.Monitoring)
            .Says("Logins, and those refused, by listener.").Shows("AuthAttempts[]");
        routes.Get("auth/attempts/{node}/source", SourcesAsync).For(UserTags.Monitoring)
            .Says("Logins by where they come from: nobody counts them, the audit log has each.")
            .Shows("AuthAttempts[]");
        routes.Get("auth/hash_password/{password}", HashAsync).For(UserTags.Administrator)
            .Says("A hash of a password as RabbitMQ makes it (SHA-256), for definition files.").Shows("PasswordHash");
    }

    private static Task AttemptsAsync(ApiRequest request)
    {
        RequireNode(request);
        var logins = request.Broker.Statistics.Logins.OrderBy(static login => login.Key, StringComparer.Ordinal);
        return Json.WriteAsync(request.Context, new JsonArray([.. logins.Select(static login => new JsonObject
        {
            ["protocol"] = login.Key,
            ["auth_attempts"] = login.Value.Succeeded + login.Value.Failed,
            ["auth_attempts_failed"] = login.Value.Failed,
            ["auth_attempts_succeeded"] = login.Value.Succeeded,
        })]));
    }

    private static Task SourcesAsync(ApiRequest request)
    {
        RequireNode(request);
        return Json.WriteAsync(request.Context, new JsonArray());
    }

    private static void RequireNode(ApiRequest request)
    {
        if (request[2] != NodeResource.Name) throw ApiError.NotFound();
    }

    private static Task HashAsync(ApiRequest request)
    {
        var hash = SaltedHash.Create(SaltedHashKind.Sha256, request[2], request.Broker.Options.FillRandom);
        return Json.WriteAsync(request.Context, new JsonObject { ["ok"] = hash.Text });
    }
}
