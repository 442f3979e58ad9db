using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Posthaste.Broker;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Sasl;
using Posthaste.Management.Http;

namespace Posthaste.Management;

/// <summary>Someone who has logged in to the management server.</summary>
/// <param name="Name">Name of the user.</param>
/// <param name="Stamp">Stands for the password that it was: another password makes another stamp.</param>
public sealed record ManagementUser(string Name, string Stamp);

/// <summary>What the API answered.</summary>
/// <param name="Status">HTTP's.</param>
/// <param name="Body">Null when there was none.</param>
public sealed record ApiAnswer(int Status, JsonNode? Body)
{
    public bool IsSuccess => Status is >= 200 and < 300;
}

/// <summary>
/// The management API for pages of the same process: the same handlers behind the same gate, so a user can do there
/// what the API lets the user do, and no more. Any thread.
/// </summary>
public sealed class ManagementApi
{
    private readonly MessageBroker _broker;
    private readonly RequestDelegate _pipeline;
    private readonly IServiceProvider _services;

    internal ManagementApi(MessageBroker broker, RequestDelegate pipeline, IServiceProvider services)
    {
        _broker = broker;
        _pipeline = pipeline;
        _services = services;
    }

    /// <summary>Logs a user in, counted and damped like a login of any protocol.</summary>
    /// <param name="name">Name of the user.</param>
    /// <param name="password">As typed.</param>
    /// <param name="from">Where the request comes from.</param>
    /// <returns>Null when refused: who it is was not proven, or the user has no management tag.</returns>
    public async Task<ManagementUser?> LogInAsync(string name, string password, HttpContext from)
    {
        var credentials = new Credentials(SaslResponses.Plain, name, password);
        var (user, _) = await _broker.Authenticator.AuthenticateAsync(credentials, ApiGate.Connection(from))
            .ConfigureAwait(false);

        // Not by a token: what it allows is not what the user of the store allows who may have the same name.
        return user is { Grants: null } && _broker.Users.TryGet(user.Name, out var account)
            && ApiGate.LetsIn(account.Tags)
            ? new ManagementUser(user.Name, StampOf(account))
            : null;
    }

    /// <summary>
    /// Whether someone who logged in earlier still may be here: not deleted, not without tags, the password the same.
    /// </summary>
    public bool IsValid(ManagementUser user) =>
        _broker.Users.TryGet(user.Name, out var account) && ApiGate.LetsIn(account.Tags)
        && StampOf(account) == user.Stamp;

    /// <summary>Sends a request as the user.</summary>
    /// <param name="user">Who has logged in.</param>
    /// <param name="from">The request that it is made for: where it comes from, and whether it still waits.</param>
    /// <param name="method">HTTP's.</param>
    /// <param name="target">Path behind `/api/`, its segments escaped, with a query if need be.</param>
    /// <param name="body">Null for none.</param>
    public async Task<ApiAnswer> SendAsync(
        ManagementUser user, HttpContext from, HttpMethod method, string target, JsonNode? body = null)
    {
        using var answer = new MemoryStream();
        var context = CreateRequest(user, from, method, $"/api/{target}", body);
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(answer));
        await _pipeline(context).ConfigureAwait(false);
        await context.Response.CompleteAsync().ConfigureAwait(false);
        answer.Position = 0;
        return new ApiAnswer(context.Response.StatusCode, answer.Length == 0 ? null : JsonNode.Parse(answer));
    }

    private DefaultHttpContext CreateRequest(
        ManagementUser user, HttpContext from, HttpMethod method, string target, JsonNode? body)
    {
        var context = new DefaultHttpContext { RequestServices = _services, RequestAborted = from.RequestAborted };
        context.Features.Set(new ApiCaller(user.Name));
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        context.Features.Set(from.Features.Get<IHttpConnectionFeature>());
        var end = target.IndexOf('?', StringComparison.Ordinal);
        context.Request.Method = method.Method;
        context.Request.Path = PathString.FromUriComponent(end < 0 ? target : target[..end]);
        context.Request.QueryString = new QueryString(end < 0 ? "" : target[end..]);
        var bytes = body is null ? [] : Encoding.UTF8.GetBytes(body.ToJsonString());
        context.Request.Body = new MemoryStream(bytes, writable: false);
        context.Request.ContentLength = bytes.Length;
        return context;
    }

    private static string StampOf(User account)
    {
        var text = string.Join('\n', account.Passwords.Select(static hash => hash.Text));
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
