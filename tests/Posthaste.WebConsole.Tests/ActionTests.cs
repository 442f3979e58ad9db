namespace Posthaste.WebConsole.Tests;

/// <summary>Forms that change something.</summary>
public sealed class ActionTests : IAsyncLifetime
{
    private ConsoleBroker _broker = null!;
    private Visitor _visitor = null!;

    public async ValueTask InitializeAsync()
    {
        _broker = await ConsoleBroker.StartAsync();
        _visitor = new Visitor(_broker.Url);
        await _broker.ApiAsync(HttpMethod.Put, "users/operator", """{"password": "secret", "tags": "management"}""");
    }

    public async ValueTask DisposeAsync()
    {
        _visitor.Dispose();
        await _broker.DisposeAsync();
    }

    [Fact]
    public async Task A_form_with_the_pages_seal_is_done_and_the_next_page_says_so_once()
    {
        await _visitor.LogInAsync("guest", "guest");
        using var response = await _visitor.PostAsync(
            "/do/queue-declare", "/queues", ("vhost", "/"), ("name", "orders & more"), ("durable", "on"),
            ("type", "quorum"), ("arguments", "x-max-length = 10\nx-note = \"7\""), ("next", "/queues"));
        Assert.Equal("/queues", response.Headers.Location!.ToString());
        Assert.Contains("Queue orders &amp; more is there.", await _visitor.ReadAsync("/queues"),
            StringComparison.Ordinal);
        Assert.DoesNotContain("is there.", await _visitor.ReadAsync("/queues"), StringComparison.Ordinal);

        var queue = await _broker.ApiAsync(HttpMethod.Get, "queues/%2F/orders%20%26%20more");
        Assert.Contains("\"x-max-length\":10,\"x-note\":\"7\",\"x-queue-type\":\"quorum\"", queue,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_virtual_host_is_described_protected_and_deleted()
    {
        await _visitor.LogInAsync("guest", "guest");
        using (await _visitor.PostAsync("/do/vhost-put", "/vhosts", ("name", "shop"), ("description", "the shop's"),
            ("tags", "eu, live"), ("default_queue_type", "quorum"), ("tracing", "on"), ("next", "/vhosts")))
        {
            var page = await _visitor.ReadAsync("/vhosts?name=shop");
            Assert.Contains("the shop&#x27;s", page, StringComparison.Ordinal);
            Assert.Contains("Delete shop", page, StringComparison.Ordinal);
        }

        using (await _visitor.PostAsync("/do/vhost-protect", "/vhosts", ("name", "shop")))
            Assert.Contains("It is protected from deletion", await _visitor.ReadAsync("/vhosts?name=shop"));
        var host = await _broker.ApiAsync(HttpMethod.Get, "vhosts/shop");
        Assert.Contains("\"tags\":[\"eu\",\"live\"],\"default_queue_type\":\"quorum\"", host, StringComparison.Ordinal);
        using (await _visitor.PostAsync("/do/vhost-delete", "/vhosts", ("name", "shop"), ("back", "/vhosts")))
        {
            Assert.Contains("because it is protected from deletion", await _visitor.ReadAsync("/vhosts"),
                StringComparison.Ordinal);
        }

        using (await _visitor.PostAsync("/do/vhost-unprotect", "/vhosts", ("name", "shop")))
        using (await _visitor.PostAsync("/do/vhost-delete", "/vhosts", ("name", "shop"), ("next", "/vhosts")))
        {
            Assert.Contains("Virtual host shop was deleted.", await _visitor.ReadAsync("/vhosts"),
                StringComparison.Ordinal);
        }

        Assert.DoesNotContain("shop", await _broker.ApiAsync(HttpMethod.Get, "vhosts"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_of_another_site_does_nothing()
    {
        await _visitor.LogInAsync("guest", "guest");
        using var response = await _visitor.PostAsync(
            "/do/queue-declare", page: null, ("vhost", "/"), ("name", "forged"), ("durable", "on"));
        Assert.Equal("[]", await _broker.ApiAsync(HttpMethod.Get, "queues"));
    }

    [Fact]
    public async Task Nobody_does_anything_without_logging_in()
    {
        using var response = await _visitor.PostAsync(
            "/do/queue-declare", "/login", ("vhost", "/"), ("name", "unknown"), ("durable", "on"));
        Assert.StartsWith("/login", response.Headers.Location!.PathAndQuery, StringComparison.Ordinal);
        Assert.Equal("[]", await _broker.ApiAsync(HttpMethod.Get, "queues"));
    }

    [Fact]
    public async Task The_users_permissions_decide_and_the_page_says_why_not()
    {
        await _broker.ApiAsync(
            HttpMethod.Put, "permissions/%2F/operator", """{"configure": "^mine", "write": "", "read": ""}""");
        await _visitor.LogInAsync("operator", "secret");
        foreach (var name in (string[])["mine", "yours"])
        {
            using var response = await _visitor.PostAsync(
                "/do/queue-declare", "/queues", ("vhost", "/"), ("name", name), ("durable", "on"), ("back", "/queues"));
        }

        Assert.Contains("configure access to queue &#x27;yours&#x27;", await _visitor.ReadAsync("/queues"),
            StringComparison.Ordinal);
        var queues = await _broker.ApiAsync(HttpMethod.Get, "queues");
        Assert.Contains("\"name\":\"mine\"", queues, StringComparison.Ordinal);
        Assert.DoesNotContain("yours", queues, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a line without a value")]
    [InlineData("x-broken = {")]
    public async Task Arguments_that_make_no_sense_are_refused_with_the_line(string line)
    {
        await _visitor.LogInAsync("guest", "guest");
        using var response = await _visitor.PostAsync(
            "/do/queue-declare", "/queues", ("vhost", "/"), ("name", "q"), ("arguments", line), ("back", "/queues"));
        Assert.Contains("class=\"notice error\"", await _visitor.ReadAsync("/queues"), StringComparison.Ordinal);
        Assert.Equal("[]", await _broker.ApiAsync(HttpMethod.Get, "queues"));
    }
}
