using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>`vhosts`: what is said about them, and what follows from it.</summary>
public sealed class VirtualHostTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task What_is_said_of_a_virtual_host_is_shown_and_stays_until_it_is_said_anew()
    {
        var said = new JsonObject
        {
            ["description"] = "the shop's",
            ["tags"] = "eu, production",
            ["default_queue_type"] = "quorum",
            ["tracing"] = true,
        };
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("vhosts/shop", said)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PutAsync("vhosts/shop", said.DeepClone())).Status);
        var shown = await api.GetAsync("vhosts/shop");
        Assert.Equal("the shop's", (string?)shown["description"]);
        Assert.Equal("""["eu","production"]""", shown["tags"]!.ToJsonString());
        Assert.Equal("quorum", (string?)shown["default_queue_type"]);
        Assert.Equal("quorum", (string?)shown["metadata"]!["default_queue_type"]);
        Assert.True((bool)shown["tracing"]!);
        Assert.True(api.Broker.FindVirtualHost("shop")!.IsTracing);

        // As in RabbitMQ: description and tags are what the last request says, the rest stays.
        Assert.Equal(HttpStatusCode.NoContent, (await api.PutAsync("vhosts/shop", new JsonObject())).Status);
        shown = await api.GetAsync("vhosts/shop");
        Assert.Equal(("", 0), ((string?)shown["description"], shown["tags"]!.AsArray().Count));
        Assert.Equal(("quorum", true), ((string?)shown["default_queue_type"], (bool)shown["tracing"]!));
        Assert.True(api.Broker.Users.RulesFor("guest", "shop").IsFull);
    }

    [Fact]
    public async Task A_request_without_a_body_asks_for_nothing_special()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, api.Port, TestContext.Current.CancellationToken);
        var login = Convert.ToBase64String("guest:guest"u8);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"PUT /api/vhosts/bare HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {login}\r\nConnection: close\r\n\r\n"));
        using var answer = new StreamReader(client.GetStream());
        Assert.StartsWith(
            "HTTP/1.1 201 ", await answer.ReadToEndAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Saying_the_same_again_writes_nothing()
    {
        var said = new JsonObject { ["description"] = "d", ["tags"] = new JsonArray("a", "b") };
        await api.PutAsync("vhosts/same", said);
        var settings = api.Broker.FindVirtualHost("same")!.Settings;
        await api.PutAsync("vhosts/same", said.DeepClone());
        Assert.Same(settings, api.Broker.FindVirtualHost("same")!.Settings);
    }

    [Theory]
    [InlineData("""{"default_queue_type":"fifo"}""", "fifo is not a valid queue type")]
    [InlineData("""{"default_queue_type":""}""", "default_queue_type must not be an empty string")]
    [InlineData("""{"default_queue_type":"stream"}""", "queue type stream is not enabled")]
    [InlineData("""{"default_queue_type":5}""", "default_queue_type has to be a string")]
    [InlineData("""{"tags":5}""", "tags have to be a list of texts, or one text with commas between them")]
    [InlineData("""{"tags":[5]}""", "a tag has to be a string")]
    [InlineData("""{"tracing":"maybe"}""", "tracing has to be true or false")]
    public async Task What_cannot_be_said_leaves_no_virtual_host_behind(string body, string reason)
    {
        var (status, answer) = await api.SendAsync(HttpMethod.Put, "vhosts/never", raw: body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(reason, (string?)answer!["reason"]);
        Assert.Equal(HttpStatusCode.NotFound, (await api.SendAsync(HttpMethod.Get, "vhosts/never")).Status);
    }

    [Fact]
    public async Task A_name_that_no_protocol_could_say_is_refused()
    {
        var (status, answer) = await api.PutAsync($"vhosts/{new string('x', 256)}", new JsonObject());
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("the vhost name is longer than 255 bytes", (string?)answer!["reason"]);
    }

    [Fact]
    public async Task A_queue_that_does_not_say_its_type_is_what_its_virtual_host_says()
    {
        await api.PutAsync("vhosts/quorum", new JsonObject { ["default_queue_type"] = "quorum" });
        await api.PutAsync("queues/quorum/silent", new JsonObject());
        await api.PutAsync("queues/quorum/auto", new JsonObject { ["auto_delete"] = true });
        await api.PutAsync("queues/quorum/said", Typed("classic"));
        var silent = await api.GetAsync("queues/quorum/silent");
        Assert.Equal(
            ("quorum", "quorum"), ((string?)silent["type"], (string?)silent["arguments"]!["x-queue-type"]));
        Assert.Equal("classic", (string?)(await api.GetAsync("queues/quorum/auto"))["type"]);
        Assert.Equal("classic", (string?)(await api.GetAsync("queues/quorum/said"))["type"]);

        // Declared again it is asked for by the same default.
        Assert.Equal(HttpStatusCode.NoContent, (await api.PutAsync("queues/quorum/silent", new JsonObject())).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PutAsync("queues/quorum/silent", Typed("quorum"))).Status);
        var (status, answer) = await api.PutAsync("queues/quorum/said", new JsonObject());
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("inequivalent arg 'x-queue-type'", (string?)answer!["reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_definitions_says_it_all_and_does_not_depend_on_the_default()
    {
        await api.PutAsync("vhosts/out", new JsonObject { ["description"] = "d", ["tracing"] = true });
        await api.PutAsync("queues/out/old", new JsonObject());
        await api.PutAsync("vhosts/out", new JsonObject
        {
            ["description"] = "d",
            ["tags"] = "t",
            ["default_queue_type"] = "quorum",
        });
        await api.SendAsync(HttpMethod.Post, "vhosts/out/deletion/protection");
        var file = await api.GetAsync("definitions");
        await using var target = new ApiHost();
        await target.InitializeAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await target.PostAsync("definitions", file)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await target.PostAsync("definitions", file.DeepClone())).Status);
        var shown = await target.GetAsync("vhosts/out");
        Assert.Equal(
            ("d", "quorum", true, true),
            ((string?)shown["description"], (string?)shown["default_queue_type"], (bool)shown["tracing"]!,
                (bool)shown["protected_from_deletion"]!));
        Assert.Equal("classic", (string?)(await target.GetAsync("queues/out/old"))["type"]);
    }

    [Fact]
    public async Task A_file_says_as_much_as_it_wants_to()
    {
        await api.PutAsync("vhosts/kept", new JsonObject { ["description"] = "kept", ["tracing"] = true });
        var file = JsonNode.Parse("""
            {"vhosts":[{"name":"kept","metadata":{"tags":["new"],"default_queue_type":"quorum"}},
                       {"name":"old","description":"as 3.8 writes it","tracing":false}]}
            """)!;
        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync("definitions", file)).Status);
        var shown = await api.GetAsync("vhosts/kept");
        Assert.Equal(
            ("kept", "new", "quorum", true),
            ((string?)shown["description"], (string?)shown["tags"]![0], (string?)shown["default_queue_type"],
                (bool)shown["tracing"]!));
        Assert.Equal("as 3.8 writes it", (string?)(await api.GetAsync("vhosts/old"))["description"]);
    }

    [Fact]
    public async Task One_is_deleted_with_what_is_in_it_unless_it_is_protected()
    {
        api.AddUser("v-ann", "management");
        await api.PutAsync("vhosts/gone", new JsonObject());
        await api.PutAsync("queues/gone/q", new JsonObject());
        await api.PutAsync("permissions/gone/v-ann", JsonNode.Parse("""{"configure":"","write":"","read":".*"}""")!);
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync("vhosts/gone/deletion/protection"));
        Assert.Equal(HttpStatusCode.NotFound, await PostAsync("vhosts/nowhere/deletion/protection"));
        Assert.True((bool)(await api.GetAsync("vhosts/gone"))["protected_from_deletion"]!);
        var (status, answer) = await api.SendAsync(HttpMethod.Delete, "vhosts/gone");
        Assert.Equal(HttpStatusCode.PreconditionFailed, status);
        Assert.Equal(
            ("precondition_failed",
                "Refusing to delete virtual host 'gone' because it is protected from deletion"),
            ((string?)answer!["error"], (string?)answer["reason"]));
        Assert.Equal(HttpStatusCode.Unauthorized, await api.DeleteAsync("vhosts/gone", "v-ann"));

        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("vhosts/gone/deletion/protection"));
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("vhosts/gone"));
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync("vhosts/gone"));
        Assert.Equal(HttpStatusCode.NotFound, (await api.SendAsync(HttpMethod.Get, "queues/gone")).Status);
        await api.PutAsync("vhosts/gone", new JsonObject());
        Assert.Empty((await api.GetAsync("queues/gone")).AsArray());
        Assert.Empty((await api.GetAsync("users/v-ann/permissions")).AsArray());
    }

    [Fact]
    public async Task There_are_as_many_as_may_be_and_no_more()
    {
        await using var host = new ApiHost();
        await host.InitializeAsync();
        host.Broker.Options.VirtualHostsMax = 2;
        Assert.Equal(HttpStatusCode.Created, (await host.PutAsync("vhosts/second", new JsonObject())).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await host.PutAsync("vhosts/second", new JsonObject())).Status);
        var (status, answer) = await host.PutAsync("vhosts/third", new JsonObject());
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("cannot create vhost 'third': vhost limit of 2 is reached", (string?)answer!["reason"]);
        Assert.Equal(HttpStatusCode.NoContent, await host.DeleteAsync("vhosts/second"));
        Assert.Equal(HttpStatusCode.Created, (await host.PutAsync("vhosts/third", new JsonObject())).Status);
    }

    [Fact]
    public async Task Starting_one_answers_as_if_it_had_been_down()
    {
        var node = (string?)(await api.GetAsync("overview"))["node"];
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync($"vhosts/%2F/start/{node}"));
        Assert.Equal(HttpStatusCode.NotFound, await PostAsync($"vhosts/nowhere/start/{node}"));
        var (status, answer) = await api.SendAsync(HttpMethod.Post, "vhosts/%2F/start/rabbit@elsewhere");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("Unknown node: rabbit@elsewhere", (string?)answer!["reason"]);
    }

    [Fact]
    public async Task Only_administrators_change_virtual_hosts()
    {
        api.AddUser("v-monitor", "monitoring");
        Assert.Equal(
            HttpStatusCode.Unauthorized, (await api.PutAsync("vhosts/x", new JsonObject(), "v-monitor")).Status);
        Assert.Equal(
            HttpStatusCode.Unauthorized, await api.DeleteAsync("vhosts/%2F/deletion/protection", "v-monitor"));
        var (status, _) = await api.SendAsync(
            HttpMethod.Post, "vhosts/%2F/deletion/protection", user: "v-monitor");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
    }

    private static JsonObject Typed(string type) =>
        new() { ["arguments"] = new JsonObject { ["x-queue-type"] = type } };

    private async Task<HttpStatusCode> PostAsync(string path) =>
        (await api.SendAsync(HttpMethod.Post, path)).Status;
}
