using System.Net;
using System.Text.RegularExpressions;

namespace Posthaste.WebConsole.Tests;

/// <summary>A browser without a script: cookies, pages and forms.</summary>
internal sealed partial class Visitor : IDisposable
{
    private readonly HttpClient _http;

    public Visitor(string url)
    {
        Cookies = new CookieContainer();
        var handler = new SocketsHttpHandler { CookieContainer = Cookies, AllowAutoRedirect = false };
        _http = new HttpClient(handler) { BaseAddress = new Uri(url) };
    }

    public CookieContainer Cookies { get; }

    public void Dispose() => _http.Dispose();

    public Task<HttpResponseMessage> GetAsync(string path) =>
        _http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

    public async Task<string> ReadAsync(string path)
    {
        using var response = await GetAsync(path);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Sends a form with the seal of a page.</summary>
    /// <param name="page">Whose seal; null to send none.</param>
    public async Task<HttpResponseMessage> PostAsync(
        string path, string? page, params (string Name, string Value)[] fields)
    {
        var all = fields.ToDictionary(field => field.Name, field => field.Value);
        if (page is not null) all["__RequestVerificationToken"] = Seal().Match(await ReadAsync(page)).Groups[1].Value;
        using var content = new FormUrlEncodedContent(all);
        return await _http.PostAsync(
            new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
    }

    /// <summary>Where the browser is sent after logging in.</summary>
    public async Task<string> LogInAsync(string user, string password)
    {
        using var response =
            await PostAsync("/session?return=%2F", "/login", ("user", user), ("password", password));
        return response.Headers.Location!.ToString();
    }

    [GeneratedRegex("""__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex Seal();
}
