using System.Collections.Immutable;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Posthaste.Broker;
using Posthaste.Broker.Auditing;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Sasl;

namespace Posthaste.Management.Http;

/// <summary>
/// Lets users in who have a management tag, by HTTP's basic authentication (RFC 7617) or an access token (RFC 6750), or
/// because this process says who has logged in (<see cref="ApiCaller"/>).
/// </summary>
internal sealed class ApiGate(MessageBroker broker)
{
    private const string Basic = "Basic ";
    private const string Bearer = "Bearer ";

    private static readonly string[] Tags =
        [UserTags.Administrator, UserTags.Monitoring, UserTags.PolicyMaker, UserTags.Management];

    /// <exception cref="ApiError">Nobody is let in.</exception>
    public async Task<ApiRequest> EnterAsync(HttpContext context)
    {
        var user = context.Features.Get<ApiCaller>() is { } caller
            ? Known(caller)
            : await AuthenticateAsync(context).ConfigureAwait(false);
        if (!LetsIn(user.Tags))
        {
            broker.Audit.Write(AuditEvents.AccessDenied, user.Name, Connection(context), "the management API");
            throw ApiError.Unauthorized("Not management user");
        }

        // The few virtual hosts of such a broker are asked for at once: lists show those that the user may see.
        if (user.Grants is { AsksElsewhere: true } grants)
        {
            await Task.WhenAll(broker.VirtualHosts.Select(host => grants.PrepareAsync(host.Name).AsTask()))
                .ConfigureAwait(false);
        }

        return new ApiRequest(context, broker, user);
    }

    /// <summary>Whether a user with these tags may use the API at all.</summary>
    public static bool LetsIn(ImmutableArray<string> tags) => Tags.Any(tag => tags.Contains(tag));

    private async Task<BrokerUser> AuthenticateAsync(HttpContext context)
    {
        var credentials = Read(context.Request.Headers.Authorization.ToString());
        var outcome = await broker.Authenticator.AuthenticateAsync(credentials, Connection(context))
            .ConfigureAwait(false);
        return outcome.User ?? throw ApiError.Unauthorized("Login failed");
    }

    /// <summary>A user of the store as connections have it.</summary>
    public static BrokerUser UserOf(User account) =>
        new(account.Name, account.HasTag(UserTags.Impersonator)) { Tags = account.Tags };

    private BrokerUser Known(ApiCaller caller) => broker.Users.TryGet(caller.UserName, out var account)
        ? UserOf(account)
        : throw ApiError.Unauthorized("Login failed");

    private static Credentials Read(string header)
    {
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return new Credentials("Bearer", "", header[Bearer.Length..].Trim());
        if (!header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
            throw ApiError.Unauthorized("Login failed");
        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[Basic.Length..], bytes, out var count))
            throw ApiError.Unauthorized("Login failed");
        var text = Encoding.UTF8.GetString(bytes, 0, count);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? throw ApiError.Unauthorized("Login failed")
            : new Credentials(SaslResponses.Plain, text[..colon], text[(colon + 1)..]);
    }

    /// <summary>What the authenticator looks at: where the request comes from.</summary>
    public static ProtocolConnection Connection(HttpContext context)
    {
        var connection = context.Connection;
        return new ProtocolConnection(
            NoTransport.Instance,
            connection.LocalIpAddress is { } local ? new IPEndPoint(local, connection.LocalPort) : null,
            connection.RemoteIpAddress is { } remote ? new IPEndPoint(remote, connection.RemotePort) : null,
            static _ => { })
        {
            Listener = ProtocolConnection.ManagementListener,
        };
    }
}
