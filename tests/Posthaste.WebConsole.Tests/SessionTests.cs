using System.Net;
using Posthaste.Testing;

namespace Posthaste.WebConsole.Tests;

/// <summary>Who gets in, with what, and for how long.</summary>
public sealed class SessionTests : IAsyncLifetime
{
    private ConsoleBroker _broker = null!;
    private Visitor _visitor = null!;

    public async ValueTask InitializeAsync()
    {
        // Failures are forgiven with time, which stands still here.
        _broker = await ConsoleBroker.StartAsync(new ManualTime());
        _visitor = new Visitor(_broker.Url);
    }

    public async ValueTask DisposeAsync()
    {
        _visitor.Dispose();
        await _broker.DisposeAsync();
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/queues")]
    [InlineData("/queue?vhost=/&name=x")]
    public async Task Nobody_sees_a_page_before_logging_in(string page)
    {
        using var response = await _visitor.GetAsync(page);
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        Assert.StartsWith("/login?return=", response.Headers.Location!.PathAndQuery, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_with_a_management_tag_gets_in_and_out_for_good()
    {
        Assert.Equal("/", await _visitor.LogInAsync("guest", "guest"));
        Assert.Contains("<h1>Overview</h1>", await _visitor.ReadAsync("/"), StringComparison.Ordinal);

        using var thief = new Visitor(_broker.Url);
        thief.Cookies.Add(_visitor.Cookies.GetAllCookies());
        Assert.Contains("<h1>Overview</h1>", await thief.ReadAsync("/"), StringComparison.Ordinal);
        using var out_ = await _visitor.PostAsync("/session/end", "/");
        Assert.True(await IsOutAsync(_visitor));
        Assert.True(await IsOutAsync(thief));
    }

    [Theory]
    [InlineData("guest", "wrong")]
    [InlineData("nobody", "guest")]
    [InlineData("plain", "secret")]
    public async Task Others_do_not_get_in(string user, string password)
    {
        await PutUserAsync("plain", "secret", "");
        Assert.StartsWith(
            "/login?failed=login", await _visitor.LogInAsync(user, password), StringComparison.Ordinal);
        Assert.True(await IsOutAsync(_visitor));
    }

    [Fact]
    public async Task Guessing_is_damped_as_on_any_listener()
    {
        for (var i = 0; i < 10; i++) await _visitor.LogInAsync("guest", $"guess {i}");
        Assert.StartsWith(
            "/login?failed=login", await _visitor.LogInAsync("guest", "guest"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_ends_with_its_user()
    {
        await LogInAsOperatorAsync();
        await _broker.ApiAsync(HttpMethod.Delete, "users/operator");
        Assert.True(await IsOutAsync(_visitor));
    }

    [Fact]
    public async Task A_session_ends_when_the_user_loses_the_tag()
    {
        await LogInAsOperatorAsync();
        await PutUserAsync("operator", "secret", "");
        Assert.True(await IsOutAsync(_visitor));
    }

    [Fact]
    public async Task A_session_ends_when_the_password_changes()
    {
        await LogInAsOperatorAsync();
        await PutUserAsync("operator", "another", "management");
        Assert.True(await IsOutAsync(_visitor));
    }

    [Fact]
    public async Task Cookies_are_out_of_reach_of_scripts_and_of_other_sites()
    {
        await _visitor.ReadAsync("/login");
        using var response = await _visitor.PostAsync(
            "/session?return=%2F", "/login", ("user", "guest"), ("password", "guest"));
        Assert.All(response.Headers.GetValues("Set-Cookie"), cookie =>
        {
            Assert.Contains("; httponly", cookie, StringComparison.Ordinal);
            Assert.Contains("; samesite=strict", cookie, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("/login")]
    [InlineData("/")]
    public async Task Pages_load_nothing_from_elsewhere_and_are_in_nobodys_frame(string page)
    {
        await _visitor.LogInAsync("guest", "guest");
        using var response = await _visitor.GetAsync(page);
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://example.org/")]
    [InlineData("//example.org/")]
    [InlineData("/\\example.org/")]
    [InlineData("queues")]
    public async Task Logging_in_leads_nowhere_else(string target)
    {
        using var response = await _visitor.PostAsync(
            $"/session?return={Uri.EscapeDataString(target)}", "/login", ("user", "guest"), ("password", "guest"));
        Assert.Equal("/", response.Headers.Location!.ToString());
    }

    private async Task LogInAsOperatorAsync()
    {
        await PutUserAsync("operator", "secret", "management");
        Assert.Equal("/", await _visitor.LogInAsync("operator", "secret"));
        Assert.False(await IsOutAsync(_visitor));
    }

    private Task<string> PutUserAsync(string name, string password, string tags) => _broker.ApiAsync(
        HttpMethod.Put, $"users/{name}", $$"""{"password": "{{password}}", "tags": "{{tags}}"}""");

    private static async Task<bool> IsOutAsync(Visitor visitor)
    {
        using var response = await visitor.GetAsync("/queues");
        return response.StatusCode == HttpStatusCode.Found;
    }
}
