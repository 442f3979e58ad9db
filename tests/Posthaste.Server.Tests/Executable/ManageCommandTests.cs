using System.Text.Json.Nodes;

namespace Posthaste.Server.Tests.Executable;

/// <summary>The commands that manage a running broker, with a real one at the other end.</summary>
public sealed class ManageCommandTests : IAsyncLifetime
{
    private PosthasteProcess _serve = null!;

    private string Api => $"http://guest:guest@127.0.0.1:{_serve.PortOf("http")}";

    public async ValueTask InitializeAsync() =>
        _serve = await PosthasteProcess.ServeAsync("--memory", "--listen", "http=127.0.0.1:0");

    public ValueTask DisposeAsync()
    {
        _serve.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Queues_are_declared_listed_purged_and_deleted()
    {
        await DoAsync("queues", "declare", "orders", "--type", "quorum", "--argument", "x-delivery-limit=5");
        var published =
            await PosthasteProcess.RunAsync("publish", "--uri", _serve.Uri, "--queue", "other", "a message");
        Assert.Equal(0, published.ExitCode);

        var rows = await RowsAsync("queues");
        Assert.Equal(["orders", "other"], rows.Select(row => (string)row["name"]!));
        Assert.Equal("quorum", (string)rows[0]["type"]!);
        Assert.Equal(5, (int)rows[0]["arguments"]!["x-delivery-limit"]!);
        Assert.Equal("name\tmessages\nother\t1\n", await DoAsync(
            "queues", "--name", "oth", "--columns", "name,messages"));

        await DoAsync("queues", "purge", "other");
        Assert.Equal(0, (int)(await RowsAsync("queues"))[1]["messages"]!);
        await DoAsync("queues", "delete", "orders", "--if-empty", "--if-unused");
        Assert.Single(await RowsAsync("queues"));
    }

    [Fact]
    public async Task Exchanges_and_bindings_are_added_and_removed()
    {
        await DoAsync("queues", "declare", "audit");
        await DoAsync("exchanges", "declare", "events", "--type", "topic", "--argument", "alternate-exchange=lost");
        await DoAsync("bindings", "add", "events", "audit", "--key", "order.#");
        var events = Assert.Single(await RowsAsync("exchanges", "--name", "events"));
        Assert.Equal("lost", (string)events["arguments"]!["alternate-exchange"]!);
        Assert.Contains(await RowsAsync("bindings"), IsOfEvents);

        await DoAsync("bindings", "remove", "events", "audit", "--key", "order.#");
        Assert.DoesNotContain(await RowsAsync("bindings"), IsOfEvents);
        await DoAsync("exchanges", "delete", "events", "--if-unused");
        Assert.Empty(await RowsAsync("exchanges", "--name", "events"));

        static bool IsOfEvents(JsonObject row) =>
            (string)row["source"]! == "events" && (string)row["routing_key"]! == "order.#";
    }

    [Fact]
    public async Task A_user_gets_a_password_a_virtual_host_and_a_permission()
    {
        await DoAsync("vhosts", "add", "orders");
        await DoAsync(["users", "put", "alice", "--tags", "management"], input: "a secret\n");
        await DoAsync("permissions", "set", "alice", "--vhost", "orders", "--write", "^events$");
        var permission = Assert.Single(await RowsAsync("permissions"), row => (string)row["user"]! == "alice");
        Assert.Equal(("", "^events$", ""),
            ((string)permission["configure"]!, (string)permission["write"]!, (string)permission["read"]!));

        var asAlice = $"http://alice:a%20secret@127.0.0.1:{_serve.PortOf("http")}";
        var refused = await PosthasteProcess.RunAsync("users", "--api", asAlice);
        Assert.Equal(1, refused.ExitCode);
        Assert.DoesNotContain("secret", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await PosthasteProcess.RunAsync("queues", "--api", asAlice)).ExitCode);

        await DoAsync("permissions", "clear", "alice", "--vhost", "orders");
        await DoAsync("users", "delete", "alice");
        Assert.DoesNotContain(await RowsAsync("users"), row => (string)row["name"]! == "alice");
    }

    [Fact]
    public async Task A_virtual_host_is_described_protected_and_deleted()
    {
        await DoAsync("vhosts", "add", "shop", "--description", "the shop's", "--tags", "eu,live");
        await DoAsync("vhosts", "describe", "shop", "--default-queue-type", "quorum", "--tracing", "on");
        var host = Assert.Single(await RowsAsync("vhosts", "describe", "shop"));
        Assert.Equal(
            ("the shop's", "live", "quorum", true),
            ((string)host["description"]!, (string)host["tags"]![1]!, (string)host["default_queue_type"]!,
                (bool)host["tracing"]!));
        Assert.Contains("the shop's", await DoAsync("vhosts", "describe", "shop"), StringComparison.Ordinal);

        await DoAsync("vhosts", "protect", "shop");
        var api = $"http://guest:guest@127.0.0.1:{_serve.PortOf("http")}";
        var refused = await PosthasteProcess.RunAsync("vhosts", "delete", "shop", "--api", api);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("because it is protected from deletion", refused.Error, StringComparison.Ordinal);
        await DoAsync("vhosts", "unprotect", "shop");
        await DoAsync("vhosts", "delete", "shop");
        Assert.DoesNotContain(await RowsAsync("vhosts"), row => (string)row["name"]! == "shop");
    }

    [Fact]
    public async Task Policies_are_set_and_cleared()
    {
        await DoAsync("policies", "set", "bounded", "^ev", """{"max-length": 10}""", "--priority", "3");
        await DoAsync("operator-policies", "set", "ceiling", ".*", """{"max-length": 5}""", "--apply-to", "queues");
        await DoAsync("queues", "declare", "events");
        var queue = Assert.Single(await RowsAsync("queues"));
        Assert.Equal("bounded", (string)queue["policy"]!);
        Assert.Equal(5, (int)queue["effective_policy_definition"]!["max-length"]!);

        await DoAsync("policies", "clear", "bounded");
        await DoAsync("operator-policies", "clear", "ceiling");
        Assert.Empty(await RowsAsync("policies"));
        Assert.Empty(await RowsAsync("operator-policies"));
    }

    [Fact]
    public async Task Dead_letters_are_shown_and_sent_back_when_confirmed()
    {
        await DoAsync("queues", "declare", "dead");
        await DoAsync("queues", "declare", "work", "--argument", "x-max-length=1",
            "--argument", "x-dead-letter-exchange=", "--argument", "x-dead-letter-routing-key=dead");
        await DoAsync("publish", "--uri", _serve.Uri, "--exchange", "", "--key", "work", "one", "--count", "2");
        await DoAsync("queues", "purge", "work");

        Assert.Contains("work\tmaxlen\t1\t1\t", await DoAsync("dead-letters", "dead"), StringComparison.Ordinal);
        var dry = await DoAsync("dead-letters", "redrive", "dead", "--reason", "maxlen");
        Assert.Contains("1 match of 1", dry, StringComparison.Ordinal);
        Assert.Equal("0", await CountAsync("work"));
        await DoAsync("dead-letters", "redrive", "dead", "--reason", "rejected", "--yes");
        Assert.Equal("0", await CountAsync("work"));
        await DoAsync("dead-letters", "redrive", "dead", "--died-in", "work", "--rate", "1000", "--yes");
        Assert.Equal("1", await CountAsync("work"));

        await DoAsync("queues", "move", "work", "dead", "--yes");
        Assert.Equal("1", await CountAsync("dead"));
    }

    [Fact]
    public async Task Delayed_messages_are_shown_and_cancelled()
    {
        await DoAsync("exchanges", "declare", "later", "--type", "x-delayed-message",
            "--argument", "x-delayed-type=direct");
        await DoAsync("queues", "declare", "work");
        await DoAsync("bindings", "add", "later", "work", "--key", "k");
        await DoAsync("publish", "--uri", _serve.Uri, "--exchange", "later", "--key", "k",
            "--header", "x-delay=600000", "in ten minutes");
        var waiting = Assert.Single(await RowsAsync("scheduled", "messages", "later"));
        Assert.Equal("k", (string)waiting["routing_key"]!);
        await DoAsync("scheduled", "cancel", "later", (string)waiting["id"]!);
        Assert.Contains("/\tlater\t0\t0\t0", await DoAsync("scheduled"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Definitions_of_one_broker_set_up_another()
    {
        await DoAsync("queues", "declare", "orders", "--argument", "x-max-length=7");
        var definitions = await DoAsync("definitions", "export");
        await DoAsync("queues", "delete", "orders");
        await DoAsync(["definitions", "import"], input: definitions);
        var queue = Assert.Single(await RowsAsync("queues"));
        Assert.Equal(7, (int)queue["arguments"]!["x-max-length"]!);
    }

    [Fact]
    public async Task Status_and_top_show_what_there_is()
    {
        await DoAsync("queues", "declare", "orders");
        var status = await DoAsync("status");
        Assert.Contains("1 queues", status, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{_serve.Port}", status, StringComparison.Ordinal);
        Assert.Contains("alarms    none", status, StringComparison.Ordinal);
        Assert.Contains("/\torders\t0\t0\t", await DoAsync("top"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_finds_a_healthy_broker_in_order_and_a_missing_one_not()
    {
        using var directory = new TemporaryDirectory();
        var healthy = Parse((await PosthasteProcess.RunAsync(
            "doctor", "--api", Api, "--data", directory.Path, "--json")).Output);
        Assert.Equal("good", Verdict(healthy, "broker"));
        Assert.Equal("good", Verdict(healthy, "alarms"));
        Assert.Equal("good", Verdict(healthy, "exposure"));
        Assert.NotEqual("bad", Verdict(healthy, "sync"));

        int port = _serve.PortOf("http");
        await _serve.StopAsync();
        var missing = await PosthasteProcess.RunAsync("doctor", "--api", $"http://127.0.0.1:{port}", "--json");
        Assert.Equal(1, missing.ExitCode);
        Assert.Equal("bad", Verdict(Parse(missing.Output), "broker"));

        static string Verdict(List<JsonObject> findings, string check) =>
            (string)findings.Single(finding => (string)finding["check"]! == check)["verdict"]!;
    }

    [Theory]
    [InlineData(1, "no such thing", "queues", "purge", "nosuch")]
    [InlineData(2, "has to be", "queues", "--api", "ftp://nowhere")]
    [InlineData(2, "no JSON", "policies", "set", "p", ".*", "{")]
    [InlineData(2, "NAME=VALUE", "queues", "declare", "q", "--argument", "x")]
    [InlineData(2, "--sort", "top", "--sort", "beauty")]
    public async Task What_is_wrong_is_said(int exitCode, string text, params string[] arguments)
    {
        var result = await PosthasteProcess.RunAsync("", [("POSTHASTE_API", Api)], arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(text, result.Error, StringComparison.Ordinal);
    }

    private Task<string> DoAsync(params string[] arguments) => DoAsync(arguments, input: "");

    private async Task<string> DoAsync(string[] arguments, string input)
    {
        var result = await PosthasteProcess.RunAsync(input, [("POSTHASTE_API", Api)], arguments);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result.Error}");
        return result.Output;
    }

    private async Task<string> CountAsync(string queue) =>
        (await DoAsync("queues", "--name", queue, "--columns", "messages")).Split('\n')[1];

    private async Task<List<JsonObject>> RowsAsync(params string[] arguments) =>
        Parse(await DoAsync([.. arguments, "--json"], input: ""));

    private static List<JsonObject> Parse(string lines) =>
        [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];
}
