using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Posthaste.Management;
using Posthaste.WebConsole.Sessions;

namespace Posthaste.WebConsole.Api;

/// <summary>The API as the user of one request sees it. Owned by the request.</summary>
internal sealed class ConsoleApi(ManagementApi api, HttpContext context)
{
    private static readonly JsonSerializerOptions Names = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>Reads what a path answers.</summary>
    /// <exception cref="ApiException">It was refused.</exception>
    public async Task<T> GetAsync<T>(string target) =>
        Read<T>(target, await SendAsync(HttpMethod.Get, target).ConfigureAwait(false));

    /// <summary>Asks something that takes a body.</summary>
    /// <exception cref="ApiException">It was refused.</exception>
    public async Task<T> PostAsync<T>(string target, JsonNode body) =>
        Read<T>(target, await SendAsync(HttpMethod.Post, target, body).ConfigureAwait(false));

    /// <exception cref="ApiException">It was refused.</exception>
    public async Task<JsonNode?> SendAsync(HttpMethod method, string target, JsonNode? body = null)
    {
        var user = SessionStore.UserOf(context.User)
            ?? throw new InvalidOperationException("a page asks the API before somebody has logged in");
        var answer = await api.SendAsync(user, context, method, target, body).ConfigureAwait(false);
        return answer.IsSuccess ? answer.Body : throw ApiException.From(answer);
    }

    private static T Read<T>(string target, JsonNode? body) =>
        body.Deserialize<T>(Names) ?? throw new JsonException($"{target} answered nothing");
}

/// <summary>The API has refused a request.</summary>
internal sealed class ApiException(int status, string reason) : Exception(reason)
{
    public int Status { get; } = status;

    public static ApiException From(ApiAnswer answer) =>
        new(answer.Status, answer.Body?["reason"]?.ToString() ?? $"the API answered {answer.Status}");
}
