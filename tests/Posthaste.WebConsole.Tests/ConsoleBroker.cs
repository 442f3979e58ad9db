using System.Net.Http.Headers;
using System.Text;
using Posthaste.Broker;
using Posthaste.Server;

namespace Posthaste.WebConsole.Tests;

/// <summary>A broker in memory with the console on a free port of loopback.</summary>
internal sealed class ConsoleBroker : IAsyncDisposable
{
    private readonly PosthasteBroker _broker;
    private readonly HttpClient _api;

    private ConsoleBroker(PosthasteBroker broker)
    {
        _broker = broker;
        Url = $"http://{broker.EndPointOf("http")}";
        _api = new HttpClient { BaseAddress = new Uri($"{Url}/api/") };
        _api.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("guest:guest")));
    }

    public string Url { get; }

    public Uri AmqpUri => _broker.AmqpUri;

    /// <param name="time">The clock of connections and logins; null for the real one.</param>
    /// <param name="configure">What else is different; null for nothing.</param>
    public static async Task<ConsoleBroker> StartAsync(
        TimeProvider? time = null, Action<MessageBrokerOptions>? configure = null) => new(
        await PosthasteBroker.StartAsync(
            options =>
            {
                options.Listen["http"] = "127.0.0.1:0";
                if (time is not null) options.Broker.ConnectionTime = time;
                configure?.Invoke(options.Broker);
            },
            TestContext.Current.CancellationToken));

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await _broker.DisposeAsync();
    }

    /// <summary>Asks the API as `guest`, and expects success.</summary>
    public async Task<string> ApiAsync(HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _api.SendAsync(request, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
