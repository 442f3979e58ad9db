using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Security;

namespace Posthaste.Management.Http;

/// <summary>One request to the API, with who makes it. Owned by the request.</summary>
internal sealed class ApiRequest
{
    private readonly string[] _segments;
    private BrokerConnection? _acting;

    public ApiRequest(HttpContext context, MessageBroker broker, BrokerUser user)
    {
        Context = context;
        Broker = broker;
        User = user;
        _segments = Segments(context);
    }

    public HttpContext Context { get; }

    public MessageBroker Broker { get; }

    public BrokerUser User { get; }

    public bool IsAdministrator => User.Tags.Contains(UserTags.Administrator);

    /// <summary>May see everything, also in virtual hosts that the user may not enter.</summary>
    public bool SeesAll => IsAdministrator || User.Tags.Contains(UserTags.Monitoring);

    /// <summary>
    /// A segment of the path behind `/api/`, decoded. Taken from the request line, because the server leaves a slash
    /// that was escaped as it is and decodes all else: whoever decodes again takes `%252F` for a slash.
    /// </summary>
    public string this[int index] => _segments[index];

    /// <summary>The path as it was asked for, escaped, without the query.</summary>
    public string Path => PathOf(Context).ToString();

    public int SegmentCount => _segments.Length;

    /// <exception cref="ApiError">The user is none.</exception>
    public void RequireAdministrator() => Require(UserTags.Administrator);

    /// <exception cref="ApiError">The user neither has this tag nor is an administrator.</exception>
    public void Require(string tag)
    {
        if (!IsAdministrator && !User.Tags.Contains(tag)) throw ApiError.Unauthorized($"Not {tag} user");
    }

    /// <summary>The virtual hosts that the user may see.</summary>
    public IEnumerable<VirtualHost> VirtualHosts => Broker.VirtualHosts.Where(MaySee);

    /// <summary>The virtual host that a segment names.</summary>
    /// <exception cref="ApiError">There is none, or the user may not see it.</exception>
    public VirtualHost Host(int index)
    {
        if (Broker.FindVirtualHost(this[index]) is not { } host) throw ApiError.NotFound();
        return MaySee(host) ? host : throw ApiError.Unauthorized("User not authorised to access virtual host");
    }

    /// <summary>The virtual hosts of a list: all that the user may see, or the one that a segment names.</summary>
    public IEnumerable<VirtualHost> HostsAt(int index) => SegmentCount > index ? [Host(index)] : VirtualHosts;

    /// <summary>Stands for the user in commands on a virtual host: permissions are checked as for any client.</summary>
    /// <exception cref="ApiError">The user may see the virtual host, but not use it.</exception>
    public BrokerConnection ActIn(VirtualHost host)
    {
        if (!Broker.Authenticator.RulesFor(User, host.Name).MayEnter)
            throw ApiError.Unauthorized("User not authorised to access virtual host");
        return _acting ??= Broker.ActAs(User, host, ApiGate.Connection(Context));
    }

    /// <summary>Stands for another user, to see what that user may do.</summary>
    /// <exception cref="ApiError">The one who asks is no administrator, or there is no such user.</exception>
    public BrokerConnection ActFor(string user, VirtualHost host)
    {
        RequireAdministrator();
        if (!Broker.Users.TryGet(user, out var account)) throw ApiError.BadRequest($"there is no user '{user}'");
        return Broker.ActAs(ApiGate.UserOf(account), host, ApiGate.Connection(Context));
    }

    public Task<JsonObject> ReadAsync() => Json.ReadAsync(Context);

    /// <exception cref="ApiError">The journal has failed: the change may not survive.</exception>
    public async Task WaitUntilDurableAsync()
    {
        if (!await Broker.WhenDurableAsync().ConfigureAwait(false))
            throw ApiError.Unavailable("the journal has failed; nothing can be stored until the broker is restarted");
    }

    /// <summary>Answers a command on a catalog when it is durable.</summary>
    /// <exception cref="ApiError">It was refused.</exception>
    public async Task AnswerAsync(CatalogResult result, bool created)
    {
        if (result.Error is { } error) throw ApiError.From(error);
        if (result.IsJournaled) await WaitUntilDurableAsync().ConfigureAwait(false);
        Context.Response.StatusCode = created ? StatusCodes.Status201Created : StatusCodes.Status204NoContent;
    }

    /// <summary>Answers a command on the user store when it is durable.</summary>
    /// <exception cref="ApiError">It was refused.</exception>
    public async Task AnswerAsync(string? refused, bool created)
    {
        if (refused is not null) throw ApiError.BadRequest(refused);
        await WaitUntilDurableAsync().ConfigureAwait(false);
        Context.Response.StatusCode = created ? StatusCodes.Status201Created : StatusCodes.Status204NoContent;
    }

    private bool MaySee(VirtualHost host) => SeesAll || Broker.Authenticator.RulesFor(User, host.Name).MayEnter;

    private static string[] Segments(HttpContext context)
    {
        var segments = PathOf(context).Trim('/').ToString().Split('/');
        return [.. segments.Skip(1).Select(Uri.UnescapeDataString)];
    }

    private static ReadOnlySpan<char> PathOf(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        return target.AsSpan(0, target.IndexOf('?') is var end and >= 0 ? end : target.Length);
    }
}
