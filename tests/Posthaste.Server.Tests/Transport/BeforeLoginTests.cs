using System.Text;
using Posthaste.Server.Tests.Support;

namespace Posthaste.Server.Tests.Transport;

/// <summary>
/// What a client may send before it has logged in: versions that the listener takes, and frames that are far smaller
/// than later ones, refused by what they announce.
/// </summary>
public sealed class BeforeLoginTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, byte[], string> TooLarge => new()
    {
        // A method frame of 8,185 bytes of payload makes one of 8,193.
        { "amqp", [.. "AMQP\0\0\u0009\u0001"u8, 1, 0, 0, 0, 0, 0x1F, 0xF9], "" },

        // CONNECT, remaining length 262,145.
        { "mqtt", [0x10, 0x81, 0x80, 0x10], "" },

        // A header line without an end, and a body.
        { "stomp", [.. "CONNECT\nlogin:"u8, .. Enumerable.Repeat((byte)'x', 66_000)], "ERROR" },
        { "stomp", [.. "SEND\ndestination:/queue/q\ncontent-length:1000000\n\n"u8], "ERROR" },
    };

    [Theory]
    [MemberData(nameof(TooLarge))]
    public async Task A_frame_that_is_large_is_refused_by_its_head(string listener, byte[] bytes, string answer)
    {
        await using var broker = await PosthasteBroker.StartAsync(cancellation: Cancellation);
        using var client = await EchoClient.ConnectAsync(broker.EndPointOf(listener));
        await client.SendAsync(bytes);

        // It ends though nothing more is sent: the rest is not waited for.
        Assert.Contains(answer, await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, "MQIsdp", false)]
    [InlineData(4, "MQTT", false)]
    [InlineData(5, "MQTT", true)]
    public async Task A_listener_takes_the_versions_of_MQTT_that_it_is_told_to(byte level, string name, bool isTaken)
    {
        await using var broker = await StartAsync("mqtt", "5");
        using var client = await EchoClient.ConnectAsync(broker.EndPointOf("mqtt"));
        byte[] body = [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), level, 2, 0, 60];
        byte[] rest = level == 5 ? [0, 0, 1, (byte)'c'] : [0, 1, (byte)'c'];
        await client.SendAsync([0x10, (byte)(body.Length + rest.Length), .. body, .. rest]);
        await client.SendAsync([0xE0, 0]);
        var answer = await client.ReadToEndAsync();

        // CONNACK: return code 1 of 3.x is an unacceptable version.
        Assert.Equal((char)0x20, answer[0]);
        Assert.Equal(isTaken ? 0 : 1, (int)answer[3]);
    }

    [Fact]
    public async Task A_listener_takes_the_versions_of_STOMP_that_it_is_told_to()
    {
        await using var broker = await StartAsync("stomp", "1.1, 1.2");
        using var old = await EchoClient.ConnectAsync(broker.EndPointOf("stomp"));
        await old.SendAsync("CONNECT\nlogin:guest\npasscode:guest\n\n\0"u8.ToArray());
        var refusal = await old.ReadToEndAsync();
        Assert.Contains("message:Version mismatch", refusal, StringComparison.Ordinal);
        Assert.Contains("Supported versions are 1.1,1.2", refusal, StringComparison.Ordinal);

        using var both = await EchoClient.ConnectAsync(broker.EndPointOf("stomp"));
        await both.SendAsync(
            "CONNECT\naccept-version:1.0,1.1\nhost:/\nlogin:guest\npasscode:guest\n\n\0DISCONNECT\n\n\0"u8.ToArray());
        Assert.Contains("version:1.1", await both.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mqtt", "4", "Posthaste:Versions:mqtt is '4'; it has to be one or more of 3.1, 3.1.1, 5")]
    [InlineData("http", "1.1", "'http' is no listener of a protocol with versions")]
    public async Task Versions_that_there_are_not_end_the_start(string listener, string versions, string start)
    {
        var exception = await Assert.ThrowsAsync<PosthasteConfigurationException>(() => StartAsync(listener, versions));
        Assert.StartsWith(start, exception.Message, StringComparison.Ordinal);
    }

    private static Task<PosthasteBroker> StartAsync(string listener, string versions) => PosthasteBroker.StartAsync(
        options => options.Versions[listener] = versions, Cancellation);
}
