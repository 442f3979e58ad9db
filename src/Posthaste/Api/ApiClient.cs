using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Posthaste.Api;

/// <summary>
/// Requests to a broker's management API. Paths are relative to <c>/api/</c>; their parts that are names go through
/// <see cref="Path"/>. Every refusal is an <see cref="ApiClientException"/>.
/// </summary>
internal sealed class ApiClient : IDisposable
{
    /// <summary>Long enough for a list of every queue of a busy broker, short enough to notice a dead one.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Rows that a list is read by; the API's own limit of a page.</summary>
    private const int PageRowCount = 500;

    private readonly HttpClient _http;
    private readonly ApiAddress _address;

    public ApiClient(ApiAddress address)
    {
        _address = address;
        _http = new HttpClient { BaseAddress = address.Root, Timeout = System.Threading.Timeout.InfiniteTimeSpan };
        var login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{address.User}:{address.Password}"));
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", login);
    }

    /// <summary>The broker's clock, to the second, as of the last answer.</summary>
    public DateTimeOffset? BrokerTime { get; private set; }

    /// <summary>A path of these parts, each escaped: names may hold slashes, and `/` is a virtual host.</summary>
    public static string Path(params ReadOnlySpan<string> parts)
    {
        var path = new StringBuilder();
        foreach (var part in parts) path.Append(path.Length == 0 ? "" : "/").Append(Uri.EscapeDataString(part));
        return path.ToString();
    }

    public async Task<JsonNode?> GetAsync(string path, CancellationToken cancellation) =>
        await SendAsync(HttpMethod.Get, path, null, cancellation);

    /// <summary>The rows of a list, read page by page, so that a broker of any size answers at once.</summary>
    public async IAsyncEnumerable<JsonObject> ListAsync(
        string path, string query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var page = 1; ; page++)
        {
            var paged = $"{path}?page={page}&page_size={PageRowCount}{query}";
            var answer = await SendAsync(HttpMethod.Get, paged, null, cancellation);
            // What has few rows by nature comes whole.
            var rows = answer as JsonArray ?? answer?["items"] as JsonArray ?? [];
            foreach (var row in rows) yield return row!.AsObject();
            if (answer is JsonArray || page >= (answer?["page_count"]?.GetValue<int>() ?? 1)) yield break;
        }
    }

    /// <summary>Sends a request; the answer is null where it has no body.</summary>
    /// <exception cref="ApiClientException">It was refused, or nobody answered.</exception>
    public async Task<JsonNode?> SendAsync(
        HttpMethod method, string path, JsonNode? body, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(AnswerTimeout);
        return await SendUnlimitedAsync(method, path, body, limit.Token, cancellation);
    }

    /// <summary>Sends a request whose answer may take as long as it takes: work at a limited rate.</summary>
    /// <exception cref="ApiClientException">It was refused, or nobody answered.</exception>
    public Task<JsonNode?> SendLongAsync(
        HttpMethod method, string path, JsonNode? body, CancellationToken cancellation) =>
        SendUnlimitedAsync(method, path, body, cancellation, cancellation);

    public void Dispose() => _http.Dispose();

    /// <param name="method">GET, PUT, POST or DELETE.</param>
    /// <param name="path">Below <c>/api/</c>, escaped.</param>
    /// <param name="body">Null for none.</param>
    /// <param name="end">Ends the request, whoever wants it.</param>
    /// <param name="user">Whether it was the user, who needs no message then.</param>
    private async Task<JsonNode?> SendUnlimitedAsync(
        HttpMethod method, string path, JsonNode? body, CancellationToken end, CancellationToken user)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        try
        {
            using var response = await _http.SendAsync(request, end);
            BrokerTime = response.Headers.Date;
            var text = await response.Content.ReadAsStringAsync(end);
            if (!response.IsSuccessStatusCode) throw Refusal(path, response, text);
            return text.Length == 0 ? null : JsonNode.Parse(text);
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException ||
            (exception is OperationCanceledException && !user.IsCancellationRequested))
        {
            throw new ApiClientException($"no answer from {_address}: {exception.Message}", inner: exception);
        }
    }

    private ApiClientException Refusal(string path, HttpResponseMessage response, string text)
    {
        if (response.StatusCode is HttpStatusCode.NotFound)
        {
            var asked = string.Join(' ', path.Split('?')[0].Split('/').Select(Uri.UnescapeDataString));
            return new ApiClientException($"{_address} has no such thing: {asked}", response.StatusCode);
        }

        var reason = ReasonIn(text) ?? $"{(int)response.StatusCode} {response.ReasonPhrase}";
        return new ApiClientException($"{_address}: {reason}", response.StatusCode);
    }

    /// <summary>Null where the answer is not the API's: a proxy's, say.</summary>
    private static string? ReasonIn(string text)
    {
        if (!text.StartsWith('{')) return null;
        try
        {
            return JsonNode.Parse(text)!["reason"]?.ToString();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
