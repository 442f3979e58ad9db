using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Passwords;
using Posthaste.Broker.Statistics;
using Posthaste.Protocols.Amqp091;
using Posthaste.Testing;

namespace Posthaste.Management.Tests;

/// <summary>A broker in memory with the management API on a free port of loopback.</summary>
public class ApiHost : IAsyncLifetime
{
    /// <summary>Said to be a listener whose certificate ends in a month.</summary>
    public const int TlsPort = 5671;

    private readonly HttpClient _http = new();
    private readonly ManualTime _time = new();
    private ManagementServer? _server;

    private protected virtual ILoggerFactory Loggers => NullLoggerFactory.Instance;

    /// <summary>What it says to listen on.</summary>
    private protected virtual ListenerRow[] Listeners =>
    [
        new("amqp", "127.0.0.1", 5672),
        new("amqps", "127.0.0.1", TlsPort, static () => DateTimeOffset.UtcNow.AddDays(30)),
    ];

    public MessageBroker Broker { get; private set; } = null!;

    public int Port => _server!.EndPoints[0].Port;

    public async ValueTask InitializeAsync()
    {
        var options = new MessageBrokerOptions { ConnectionTime = _time };
        Configure(options);
        Broker = MessageBroker.Open(options, Loggers);

        // The API shows and makes messages in AMQP's terms.
        _ = new Amqp091Handler(Broker);
        _server = await ManagementServer.StartAsync(
            Broker, [new IPEndPoint(IPAddress.Loopback, 0)], ManagementTls.None, Listeners,
            [], NullLoggerFactory.Instance, pages: null, CancellationToken.None);
    }

    private protected virtual void Configure(MessageBrokerOptions options)
    {
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _http.Dispose();
        await _server!.DisposeAsync();
        await Broker.DisposeAsync();
    }

    /// <summary>Lets so much time pass that what was counted is sampled.</summary>
    public void Sample() => _time.Advance(TimeSpan.FromMilliseconds(BrokerStatistics.PeriodMs));

    /// <summary>Adds a user with a password that is the name, quick to verify.</summary>
    public void AddUser(string name, params string[] tags) => Assert.Null(Broker.Users.Put(new User(name)
    {
        Passwords = [ScramCredential.Create(ScramMechanism.Sha512, name, static salt => salt.Fill(1), 4_096)],
        Tags = [.. tags],
    }));

    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(
        HttpMethod method, string path, JsonNode? body = null, string user = "guest", string? raw = null)
    {
        // As it stands: what Uri would make of %2F and %252F is what the test is about.
        var uri = new Uri($"http://127.0.0.1:{Port}/api/{path}", new UriCreationOptions
        {
            DangerousDisablePathAndQueryCanonicalization = true,
        });
        using var request = new HttpRequestMessage(method, uri);
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{user}")));
        if (raw is not null || body is not null)
            request.Content = new StringContent(raw ?? body!.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    /// <summary>Reads, and expects to be answered.</summary>
    public async Task<JsonNode> GetAsync(string path, string user = "guest")
    {
        var (status, body) = await SendAsync(HttpMethod.Get, path, user: user);
        Assert.Equal(HttpStatusCode.OK, status);
        return body!;
    }

    public Task<(HttpStatusCode Status, JsonNode? Body)> PutAsync(string path, JsonNode body, string user = "guest") =>
        SendAsync(HttpMethod.Put, path, body, user);

    public Task<(HttpStatusCode Status, JsonNode? Body)> PostAsync(
        string path, JsonNode body, string user = "guest") => SendAsync(HttpMethod.Post, path, body, user);

    public async Task<HttpStatusCode> DeleteAsync(string path, string user = "guest") =>
        (await SendAsync(HttpMethod.Delete, path, user: user)).Status;
}
