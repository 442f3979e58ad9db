using Posthaste.Broker.Auditing;
using Posthaste.Broker.Protocols;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>
/// Records what has been changed through the API, and what was refused, in one place for all paths: one that is added
/// is recorded without a thought. Requests that only read are not, except for those that read password hashes.
/// </summary>
internal static class RequestAudit
{
    /// <summary>The one path with a password in it.</summary>
    private const string Secret = "/api/auth/hash_password/";

    /// <summary>What the requests to paths with these beginnings and ends are; the first that fits counts.</summary>
    private static readonly (string Method, string Begin, string End, AuditEvent Kind)[] Kinds =
    [
        ("GET", "definitions", "", AuditEvents.DefinitionsExported),
        ("POST", "definitions", "", AuditEvents.DefinitionsImported),
        ("DELETE", "queues/", "/contents", AuditEvents.QueuePurged),
        ("POST", "queues/", "/get", AuditEvents.MessagesTaken),
        ("POST", "exchanges/", "/publish", AuditEvents.MessagePublished),
        ("DELETE", "connections/", "", AuditEvents.ConnectionClosed),
        ("", "users/", "", AuditEvents.UserChanged),
        ("", "permissions/", "", AuditEvents.PermissionChanged),
        ("", "topic-permissions/", "", AuditEvents.PermissionChanged),
        ("", "vhosts/", "", AuditEvents.VirtualHostChanged),
        ("", "vhost-limits/", "", AuditEvents.VirtualHostChanged),
        ("", "user-limits/", "", AuditEvents.UserChanged),
        ("", "policies/", "", AuditEvents.PolicyChanged),
        ("", "operator-policies/", "", AuditEvents.PolicyChanged),
        ("", "parameters/", "", AuditEvents.ParameterChanged),
        ("", "global-parameters/", "", AuditEvents.ParameterChanged),
        ("", "cluster-name", "", AuditEvents.ParameterChanged),
        ("", "queues/", "", AuditEvents.TopologyChanged),
        ("", "exchanges/", "", AuditEvents.TopologyChanged),
        ("", "bindings/", "", AuditEvents.TopologyChanged),
        ("", "", "", AuditEvents.OtherAction),
    ];

    /// <summary>A request has been answered with success.</summary>
    /// <param name="request">The request.</param>
    /// <param name="method">HTTP's.</param>
    /// <param name="path">The path that is mapped, behind `/api/`, its variables in braces.</param>
    public static void Done(ApiRequest request, string method, string path)
    {
        if (KindOf(method, path) is { } kind) Write(kind, request, method, "");
    }

    /// <summary>A request was refused after the login; recorded if that was for want of permissions.</summary>
    public static void Refused(ApiRequest request, string method, ApiError error)
    {
        if (error.Status is 401 or 403) Write(AuditEvents.AccessDenied, request, method, error.Message);
    }

    /// <summary>Null for a request that is not recorded.</summary>
    internal static AuditEvent? KindOf(string method, string path)
    {
        var isRead = method is "GET" or "HEAD";
        return Kinds.FirstOrDefault(entry =>
            (entry.Method == method || (!isRead && entry.Method.Length == 0))
            && path.StartsWith(entry.Begin, StringComparison.Ordinal)
            && path.EndsWith(entry.End, StringComparison.Ordinal)).Kind;
    }

    /// <remarks>The path without its query, and never the body: there may be a password in it.</remarks>
    private static void Write(AuditEvent kind, ApiRequest request, string method, string detail)
    {
        ProtocolConnection from = ApiGate.Connection(request.Context);
        var path = request.Path.StartsWith(Secret, StringComparison.Ordinal) ? $"{Secret}…" : request.Path;
        request.Broker.Audit.Write(kind, request.User.Name, from, $"{method} {path}", detail);
    }
}
