using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Posthaste.Broker.Scheduling;

namespace Posthaste.Broker.Security.Remote;

/// <summary>
/// Asks an HTTP service, with the parameters that RabbitMQ's plug-in sends. It answers `allow`, behind which a user's
/// tags may stand, or `deny`, behind which a reason may stand for the log. Any thread; no thread waits in here.
/// <code>
///   user      username, password [, client_id, vhost]
///   vhost     username, vhost, ip, tags
///   resource  username, vhost, resource (queue | exchange), name, permission, tags
///   topic     username, vhost, resource (topic), name, permission, tags, routing_key, variable_map.…
/// </code>
/// </summary>
internal sealed partial class HttpBackend : ITickable, IDisposable
{
    /// <summary>Characters of an answer at most: a word, and some tags or a reason.</summary>
    private const int AnswerBytesMax = 16 << 10;

    /// <summary>Requests at a time; the others wait for their turn, within their time.</summary>
    private const int ConnectionsMax = 32;

    /// <summary>
    /// Milliseconds for which nothing is asked after the service did not answer: what it is overloaded with does not
    /// grow, and nobody waits for it in vain.
    /// </summary>
    private const int RestMs = 1_000;

    private readonly HttpBackendOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly HttpClient _http;
    private readonly AnswerCache _cache;
    private readonly Func<string, string> _digest;
    private long _restUntilMs = long.MinValue;
    private long? _renewedAtMs;
    private volatile bool _hasUsers;

    /// <param name="options">What is asked, and how.</param>
    /// <param name="time">The clock of the cache.</param>
    /// <param name="digest">Stands for a password in the cache, so that none is kept.</param>
    /// <param name="log">Where it logs.</param>
    /// <exception cref="ArgumentException">The file of authorities can't be used.</exception>
    public HttpBackend(HttpBackendOptions options, TimeProvider time, Func<string, string> digest, ILogger log)
    {
        (_options, _time, _digest, _log) = (options, time, digest, log);
        _cache = new AnswerCache(options.CacheMs, options.CacheEntriesMax, options.CachesRefusals, time);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            MaxConnectionsPerServer = ConnectionsMax,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 16,
        };
        if (options.AuthorityFile is { } file) handler.SslOptions.CertificateChainPolicy = TrustIn(file);
        _http = new HttpClient(handler)
        {
            Timeout = TimeSpan.FromMilliseconds(options.TimeoutMs),
            MaxResponseContentBufferSize = AnswerBytesMax,
        };
    }

    /// <summary>What was answered is no longer believed: whoever acts is to ask again.</summary>
    public event Action? Outdated;

    /// <summary>Who a user is; null when the service has no answer.</summary>
    public async ValueTask<LoginOutcome?> LogInAsync(Credentials credentials, string ip)
    {
        List<KeyValuePair<string, string>> parameters =
            [new("username", credentials.UserName), new("password", credentials.Password)];
        if (credentials.ClientId is { } clientId) parameters.Add(new("client_id", clientId));
        if (credentials.VirtualHost is { } virtualHost) parameters.Add(new("vhost", virtualHost));
        var key = string.Join(
            '\0', "u", credentials.UserName, _digest(credentials.Password), credentials.ClientId,
            credentials.VirtualHost);
        var answer = await AskAsync(_options.UserPath!, key, parameters).ConfigureAwait(false);
        if (answer is null) return null;
        if (!answer.IsAllowed) return LoginOutcome.Refuse("denied by the HTTP backend");
        _hasUsers = true;
        return LoginOutcome.Admit(new BrokerUser(credentials.UserName, answer.Tags.Contains(UserTags.Impersonator))
        {
            Tags = [.. answer.Tags],
            Grants = new RemoteGrants(this, credentials.UserName, string.Join(' ', answer.Tags), ip),
        });
    }

    public ValueTask<bool> MayEnterAsync(string user, string host, string ip, string tags) => AllowsAsync(
        _options.VirtualHostPath!, $"v\0{user}\0{host}\0{ip}\0{tags}",
        [new("username", user), new("vhost", host), new("ip", ip), new("tags", tags)]);

    public ValueTask<bool> MayUseAsync(
        string user, string host, string resource, string name, string permission, string tags) => AllowsAsync(
        _options.ResourcePath!, $"r\0{user}\0{host}\0{resource}\0{name}\0{permission}\0{tags}",
        [
            new("username", user), new("vhost", host), new("resource", resource), new("name", name),
            new("permission", permission), new("tags", tags),
        ]);

    public ValueTask<bool> MayUseKeyAsync(
        string user, string host, string exchange, string permission, string tags, string routingKey, string clientId)
    {
        if (_options.TopicPath is not { } path) return new(true);
        List<KeyValuePair<string, string>> parameters =
        [
            new("username", user), new("vhost", host), new("resource", "topic"), new("name", exchange),
            new("permission", permission), new("tags", tags), new("routing_key", routingKey),
            new("variable_map.username", user), new("variable_map.vhost", host),
        ];
        if (clientId.Length > 0) parameters.Add(new("variable_map.client_id", clientId));
        var key = $"t\0{user}\0{host}\0{exchange}\0{permission}\0{tags}\0{routingKey}\0{clientId}";
        return AllowsAsync(path, key, parameters);
    }

    /// <summary>On the ticker's thread only.</summary>
    public void Tick(long nowMs)
    {
        _renewedAtMs ??= nowMs;
        if (!_hasUsers || nowMs - _renewedAtMs < _options.CacheMs) return;
        _renewedAtMs = nowMs;
        Outdated?.Invoke();
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<bool> AllowsAsync(
        string path, string key, IReadOnlyList<KeyValuePair<string, string>> parameters) =>
        await AskAsync(path, key, parameters).ConfigureAwait(false) is { IsAllowed: true };

    private ValueTask<Answer?> AskAsync(
        string path, string key, IReadOnlyList<KeyValuePair<string, string>> parameters) =>
        _cache.TryGet(key, out var known)
            ? new(known)
            : new(_cache.AskAsync(key, () => RequestAsync(path, parameters)));

    private async Task<Answer?> RequestAsync(string path, IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        var shown = ShownAddress.Of(path);
        if (NowMs < Interlocked.Read(ref _restUntilMs)) return null;
        try
        {
            using var request = await CreateAsync(path, parameters).ConfigureAwait(false);
            using var response = await _http.SendAsync(request).ConfigureAwait(false);
            var text = (await response.Content.ReadAsStringAsync().ConfigureAwait(false)).Trim();
            if ((int)response.StatusCode is not (200 or 201))
                LogBadAnswer(shown, (int)response.StatusCode, Shown(text));
            else if (Answer.TryParse(text, out var answer))
                return Log(shown, answer);
            else
                LogBadAnswer(shown, (int)response.StatusCode, Shown(text));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            Interlocked.Exchange(ref _restUntilMs, NowMs + RestMs);
            LogNoAnswer(shown, e.Message);
        }

        return null;
    }

    private Answer Log(string path, Answer answer)
    {
        if (answer.Reason.Length == 0) return answer;
        var reason = Shown(answer.Reason);
        LogDenied(path, reason);
        return answer;
    }

    private async Task<HttpRequestMessage> CreateAsync(
        string path, IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        var form = new FormUrlEncodedContent(parameters);
        if (_options.UsesPost) return new HttpRequestMessage(HttpMethod.Post, path) { Content = form };
        var query = await form.ReadAsStringAsync().ConfigureAwait(false);
        form.Dispose();
        return new HttpRequestMessage(HttpMethod.Get, $"{path}{(path.Contains('?') ? '&' : '?')}{query}");
    }

    private static X509ChainPolicy TrustIn(string file)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException
            or System.Security.Cryptography.CryptographicException)
        {
            throw new ArgumentException($"The authorities of the HTTP backend can't be read: {e.Message}", e);
        }

        return policy;
    }

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Text of an answer for the log: short, and on one line.</summary>
    private static string Shown(string text) =>
        new([.. text.Take(100).Select(static c => char.IsControl(c) ? '?' : c)]);

    [LoggerMessage(EventId = 2411, Level = LogLevel.Warning,
        Message = "the HTTP backend did not answer at {Path}: {Reason}; what it was asked for is refused")]
    private partial void LogNoAnswer(string path, string reason);

    [LoggerMessage(EventId = 2412, Level = LogLevel.Warning,
        Message = "the HTTP backend answered {Status} at {Path}, neither allow nor deny: '{Text}'; that is a refusal")]
    private partial void LogBadAnswer(string path, int status, string text);

    [LoggerMessage(EventId = 2413, Level = LogLevel.Information,
        Message = "denied by the HTTP backend at {Path}: {Reason}")]
    private partial void LogDenied(string path, string reason);
}
