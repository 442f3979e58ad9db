using Posthaste.Interop.Tests.Foreign;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Mqtt;

/// <summary>mosquitto_pub and mosquitto_sub, as people type them.</summary>
public sealed class MosquittoTests(BrokerFixture broker)
{
    [Theory]
    [InlineData("mqttv31")]
    [InlineData("mqttv311")]
    [InlineData("mqttv5")]
    public async Task A_retained_message_of_each_QoS_is_published_and_read(string version)
    {
        await SkipIfMissingAsync();
        for (var qos = 0; qos <= 2; qos++)
        {
            var topic = Topic();
            await PublishAsync("-V", version, "-t", topic, "-m", $"hello {qos}", "-q", $"{qos}", "-r");
            Assert.Equal(
                $"{topic} hello {qos}\n",
                await SubscribeAsync("-V", version, "-t", topic, "-q", "2", "-C", "1", "-v", "-W", "30"));
        }
    }

    [Fact]
    public async Task A_session_that_is_kept_gets_what_came_meanwhile()
    {
        await SkipIfMissingAsync();
        var topic = Topic();
        string[] session = ["-i", topic.Replace('/', '-'), "-c", "-q", "1", "-t", topic, "-V", "mqttv311"];

        // Subscribes, and goes away again.
        await SubscribeAsync([.. session, "-E"]);
        await PublishAsync("-t", topic, "-m", "one", "-q", "1");
        await PublishAsync("-t", topic, "-m", "two", "-q", "2");
        Assert.Equal("one\ntwo\n", await SubscribeAsync([.. session, "-C", "2", "-W", "30"]));
    }

    [Fact]
    public async Task Properties_of_MQTT_5_are_shown_and_a_file_of_lines_is_a_message_each()
    {
        await SkipIfMissingAsync();
        var topic = Topic();
        await PublishAsync(
            "-V", "5", "-t", topic, "-m", "x", "-r", "-D", "publish", "user-property", "key", "value",
            "-D", "publish", "content-type", "text/plain", "-D", "publish", "response-topic", "answers/here");
        Assert.Equal(
            "text/plain answers/here key:value x\n",
            await SubscribeAsync("-V", "5", "-t", topic, "-C", "1", "-W", "30", "-F", "%C %R %P %p"));
    }

    [Fact]
    public async Task A_message_below_delayed_comes_when_its_time_has()
    {
        await SkipIfMissingAsync();
        var topic = Topic();
        string[] session = ["-i", topic.Replace('/', '-'), "-c", "-q", "1", "-t", topic, "-V", "mqttv311"];
        await SubscribeAsync([.. session, "-E"]);
        await PublishAsync("-t", $"$delayed/4/{topic}", "-m", "later", "-q", "1");
        await PublishAsync("-t", topic, "-m", "at once", "-q", "1");
        Assert.Equal("at once\nlater\n", await SubscribeAsync([.. session, "-C", "2", "-W", "60"]));
    }

    [Fact]
    public async Task A_will_is_published_when_the_client_is_killed()
    {
        await SkipIfMissingAsync();
        var topic = Topic();
        var (host, port) = broker.EndPointOf("mqtt");
        using (var lost = Command.Start(
            "mosquitto_sub",
            ["-h", host, "-p", $"{port}", "-t", $"{topic}/ready", "-C", "2", "-v", "--will-topic", topic,
                "--will-payload", "gone", "--will-retain", "--will-qos", "1"],
            Directory.GetCurrentDirectory()))
        {
            // Once it has a message it is there to be lost.
            await PublishAsync("-t", $"{topic}/ready", "-m", "now", "-r", "-q", "1");
            await lost.StandardOutput.ReadLineAsync();
            lost.Kill();
            await lost.WaitForExitAsync();
        }

        Assert.Equal("gone\n", await SubscribeAsync("-t", topic, "-q", "1", "-C", "1", "-W", "30"));
    }

    [Fact]
    public async Task A_wrong_password_is_refused_in_the_clients_own_words()
    {
        await SkipIfMissingAsync();
        var (host, port) = broker.EndPointOf("mqtt");
        var result = await Command.RunAsync(
            "mosquitto_pub", "-h", host, "-p", $"{port}", "-u", "guest", "-P", "wrong", "-t", "t", "-m", "x");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("bad user name or password", result.Errors + result.Output, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task SkipIfMissingAsync()
    {
        if (await Command.TryRunAsync("mosquitto_pub", "--help") is null)
            Assert.Skip("mosquitto_pub is not installed (Debian: mosquitto-clients).");
    }

    private static string Topic() => $"mosquitto/{Guid.NewGuid():N}";

    private async Task PublishAsync(params string[] arguments)
    {
        var result = await RunAsync("mosquitto_pub", arguments);
        Assert.True(result.ExitCode == 0, result.Errors);
    }

    private async Task<string> SubscribeAsync(params string[] arguments)
    {
        var result = await RunAsync("mosquitto_sub", arguments);
        Assert.True(result.ExitCode == 0, $"{result.ExitCode}: {result.Errors}");
        return result.Output;
    }

    private Task<CommandResult> RunAsync(string program, string[] arguments)
    {
        var (host, port) = broker.EndPointOf("mqtt");
        return Command.RunAsync(program, ["-h", host, "-p", $"{port}", .. arguments]);
    }
}
