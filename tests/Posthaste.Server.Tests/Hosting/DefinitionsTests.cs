using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Posthaste.Server.Tests.Executable;

namespace Posthaste.Server.Tests.Hosting;

/// <summary>Definitions that a broker takes in before anybody can connect.</summary>
public sealed class DefinitionsTests : IDisposable
{
    private const string Base = """
        {"users":[{"name":"ops","password_hash":"kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
                   "hashing_algorithm":"rabbit_password_hashing_sha256","tags":["administrator"]}],
         "vhosts":[{"name":"/"},{"name":"shop"}],
         "permissions":[{"user":"ops","vhost":"shop","configure":".*","write":".*","read":".*"}],
         "queues":[{"name":"orders","vhost":"shop","durable":true,"auto_delete":false,"arguments":{}}]}
        """;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task They_are_there_when_it_is_ready_and_bring_their_users_in_place_of_guest()
    {
        var file = Write("definitions.json", "\uFEFF" + Base);
        await using var broker = await StartAsync(file);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(broker, "queues/shop/orders")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(broker, "whoami", "guest:guest")).Status);
    }

    [Fact]
    public async Task Without_users_in_them_there_is_guest()
    {
        var file = Write("definitions.json", """{"vhosts":[{"name":"shop"}]}""");
        await using var broker = await StartAsync(file);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(broker, "vhosts/shop", "guest:guest")).Status);
    }

    [Fact]
    public async Task A_directory_is_taken_in_by_the_names_of_its_files()
    {
        Write("10-base.json", Base);
        Write("20-more.json", """
            {"queues":[{"name":"more","vhost":"shop","arguments":{"x-queue-type":"quorum"}}],
             "bindings":[{"source":"amq.topic","vhost":"shop","destination":"orders","destination_type":"queue",
                          "routing_key":"#","arguments":{}}]}
            """);
        Write("README.md", "no definitions");
        await using var broker = await StartAsync(_directory.Path);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(broker, "queues/shop/more")).Status);
        var bindings = (await GetAsync(broker, "queues/shop/orders/bindings")).Body!.AsArray();
        Assert.Contains(bindings, binding => (string?)binding!["source"] == "amq.topic");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_later_start_takes_them_in_again_unless_told_to_skip_what_is_unchanged(bool skips)
    {
        var file = Write("definitions.json", Base);
        await using (var first = await StartAsync(file, skips, "data"))
        {
            Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(
                first, HttpMethod.Delete, "queues/shop/orders")).Status);
        }

        await using (var second = await StartAsync(file, skips, "data"))
        {
            var expected = skips ? HttpStatusCode.NotFound : HttpStatusCode.OK;
            Assert.Equal(expected, (await GetAsync(second, "queues/shop/orders")).Status);
        }

        Write("definitions.json", Base + " ");
        await using var third = await StartAsync(file, skips, "data");
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(third, "queues/shop/orders")).Status);
    }

    [Theory]
    [InlineData("{", "the file is no JSON: ")]
    [InlineData("[]", "the file has to be a JSON object")]
    [InlineData("""{"queues":[{"name":"lost"}]}""", "queue 'lost': vhost is missing")]
    [InlineData("""{"parameters":[{"name":"s","vhost":"/","component":"shovel","value":{}}]}""",
        "parameter 's': component shovel not found")]
    public async Task A_bad_file_stops_the_start_and_is_named(string content, string reason)
    {
        var file = Write("definitions.json", content);
        var error = await Assert.ThrowsAsync<PosthasteConfigurationException>(() => StartAsync(file));
        Assert.StartsWith($"definitions {file}: {reason}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_or_a_directory_without_one_stops_the_start()
    {
        var missing = _directory["none.json"];
        var error = await Assert.ThrowsAsync<PosthasteConfigurationException>(() => StartAsync(missing));
        Assert.Contains("can't be read", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<PosthasteConfigurationException>(() => StartAsync(_directory.Path));
        Assert.Contains("there is no *.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_failed_for_its_definitions_leaves_no_broker_without_users()
    {
        var bad = JsonNode.Parse(Base)!;
        bad["users"]![0]!["tags"] = 7;
        var file = Write("definitions.json", bad.ToJsonString());
        await Assert.ThrowsAsync<PosthasteConfigurationException>(() => StartAsync(file, data: "data"));
        await using var broker = await StartAsync(definitions: null, data: "data");
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(broker, "whoami", "guest:guest")).Status);
    }

    private string Write(string name, string content)
    {
        File.WriteAllText(_directory[name], content);
        return _directory[name];
    }

    private Task<PosthasteBroker> StartAsync(string? definitions, bool skips = false, string? data = null) =>
        PosthasteBroker.StartAsync(
            options =>
            {
                options.Listen["http"] = "127.0.0.1:0";
                options.Definitions = definitions;
                options.DefinitionsSkipIfUnchanged = skips;
                if (data is not null) options.UseDirectory(_directory[data]);
            },
            TestContext.Current.CancellationToken);

    private static Task<(HttpStatusCode Status, JsonNode? Body)> GetAsync(
        PosthasteBroker broker, string path, string login = "ops:test12") =>
        SendAsync(broker, HttpMethod.Get, path, login);

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(
        PosthasteBroker broker, HttpMethod method, string path, string login = "ops:test12")
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(method, new Uri($"http://{broker.EndPointOf("http")}/api/{path}"));
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(login)));
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }
}
