using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Configuration;
using Posthaste.Protocols.Amqp091;
using Posthaste.Protocols.Mqtt;
using Posthaste.Protocols.Stomp;
using Posthaste.Server.Configuration;

namespace Posthaste.Server.Tests.Configuration;

/// <summary>The settings of one protocol: that each is read, and that the protocol's sessions live by them.</summary>
public sealed class ProtocolSettingsTests
{
    private const byte FrameEnd = 0xCE;

    /// <summary>
    /// Not settings: what a buffer or a record of the journal holds, what the specification demands, and how long a
    /// connection takes to end.
    /// </summary>
    private static readonly string[] Fixed =
    [
        "Amqp:CloseMsMax", "Amqp:FrameBytesMin", "Amqp:InitialFrameBytesMax",
        "Mqtt:CloseMsMax", "Mqtt:ConnectBytesMax", "Mqtt:FilterBytesMax", "Mqtt:FilterLevelsMax",
        "Mqtt:PacketOverheadBytesMax", "Mqtt:WillBytesMax",
        "Stomp:CloseMsMax", "Stomp:IdBytesMax",
    ];

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("Amqp", typeof(Amqp091Limits))]
    [InlineData("Mqtt", typeof(MqttLimits))]
    [InlineData("Stomp", typeof(StompLimits))]
    public void Every_number_of_a_protocol_is_a_setting_or_said_to_be_fixed(string part, Type limits)
    {
        Type[] numbers = [typeof(int), typeof(long), typeof(uint), typeof(ushort)];
        var expected = limits.GetProperties()
            .Where(property => numbers.Contains(property.PropertyType))
            .Select(property => $"{part}:{property.Name}");
        var settings = NumberSetting.All.Select(setting => setting.Key);
        Assert.Equal(
            expected.Order(),
            settings.Concat(Fixed).Where(key => key.StartsWith(part + ':', StringComparison.Ordinal)).Order());
    }

    [Fact]
    public void Setting_one_leaves_the_others_as_they_are()
    {
        foreach (var setting in NumberSetting.All)
        {
            var (options, before) = (new PosthasteOptions(), new PosthasteOptions());
            setting.Read(setting.Max.ToString(), options);
            Assert.Equal(setting.Max, setting.Get(options));
            Assert.All(NumberSetting.All.Where(other => other != setting), other =>
                Assert.Equal(other.Get(before), other.Get(options)));
        }
    }

    [Theory]
    [InlineData("AnonymousUser", "meter")]
    [InlineData("AnonymousUser", "")]
    [InlineData("Audit:File", "/var/log/posthaste/audit.jsonl")]
    [InlineData("OAuth:Keys", "https://issuer.example/keys")]
    [InlineData("OAuth:Issuer", "https://issuer.example")]
    [InlineData("OAuth:ResourceServerId", "posthaste")]
    [InlineData("OAuth:ScopePrefix", "mq:")]
    [InlineData("OAuth:ScopeClaims", "roles,groups")]
    [InlineData("OAuth:UserNameClaims", "preferred_username")]
    [InlineData("Mqtt:AnonymousUser", "meter")]
    [InlineData("Mqtt:AnonymousPassword", "secret")]
    [InlineData("Stomp:DefaultLogin", "")]
    [InlineData("Stomp:DefaultPasscode", "secret")]
    [InlineData("Stomp:DefaultVirtualHost", "/plant")]
    [InlineData("Stomp:AcceptsImplicitConnect", "true")]
    public void Names_and_switches_are_read(string key, string value)
    {
        var options = new PosthasteOptions();
        Apply(options, (key, value));
        Assert.Equal(value, TextSetting.All.Single(setting => setting.Key == key).Get(options));
    }

    [Theory]
    [InlineData("Mqtt:ReceiveMax", "0", "Posthaste:Mqtt:ReceiveMax is 0; it has to be 1 to 65,535")]
    [InlineData("Mqtt:KeepAliveSecondsMax", "1d",
        "Posthaste:Mqtt:KeepAliveSecondsMax is '1d'; it has to be 0 s to 65,535 s")]
    [InlineData("Amqp:FrameBytesMax", "1MiB", "Posthaste:Amqp:FrameBytesMax is 1MiB; it has to be 8 KiB to 262136 B")]
    [InlineData("Stomp:AcceptsImplicitConnect", "perhaps",
        "Posthaste:Stomp:AcceptsImplicitConnect is 'perhaps'; it has to be true or false")]
    [InlineData("Stomp:DefaultVirtualHost", "",
        "Posthaste:Stomp:DefaultVirtualHost is ''; it has to be a virtual host")]
    public void A_bad_value_is_refused_with_its_key_and_what_is_allowed(string key, string value, string message)
    {
        var error = Assert.Throws<PosthasteConfigurationException>(() => Apply(new PosthasteOptions(), (key, value)));
        Assert.Equal(message, error.Message);
    }

    [Theory]
    [InlineData("Mqtt:RecieveMax")]
    [InlineData("Mqtt")]
    [InlineData("Stomp:BodyBytesMax:Max")]
    public void A_key_that_nothing_reads_is_refused(string key)
    {
        var error = Assert.Throws<PosthasteConfigurationException>(() => Apply(new PosthasteOptions(), (key, "1")));
        Assert.StartsWith($"Posthaste:{key} is no setting of Posthaste;", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_set_in_code_is_checked_too()
    {
        var options = new PosthasteOptions { Mqtt = new MqttLimits { ReceiveMax = 0 } };
        var error = Assert.Throws<PosthasteConfigurationException>(() => options.Validate());
        Assert.Equal("Posthaste:Mqtt:ReceiveMax is 0; it has to be 1 to 65,535", error.Message);
    }

    [Fact]
    public async Task An_amqp_connection_is_offered_what_is_set()
    {
        await using var broker = await StartAsync(
            "amqp", ("Amqp:ChannelMax", "7"), ("Amqp:FrameBytesMax", "16KiB"), ("Amqp:HeartbeatSeconds", "33"));
        using var limit = new CancellationTokenSource(Deadline);
        await using var stream = await ConnectAsync(broker);
        await stream.WriteAsync("AMQP\0\0\u0009\u0001"u8.ToArray(), limit.Token);
        await ReadAmqpFrameAsync(stream, limit.Token);
        await stream.WriteAsync(StartOk(), limit.Token);

        // connection.tune: class 10, method 30, channel-max, frame-max, heartbeat.
        var tune = await ReadAmqpFrameAsync(stream, limit.Token);
        Assert.Equal([0, 10, 0, 30, 0, 7, 0, 0, 0x40, 0, 0, 33], tune);
    }

    [Fact]
    public async Task An_mqtt_session_is_told_what_is_set()
    {
        await using var broker = await StartAsync(
            "mqtt", ("Mqtt:SessionExpirySecondsMax", "60"), ("Mqtt:ReceiveMax", "7"), ("Mqtt:TopicAliasMax", "5"),
            ("Mqtt:KeepAliveSecondsMax", "9"));
        var answer = await ConnectMqttAsync(broker);
        Assert.Equal(0, answer[3]);
        Assert.Contains("110000003C", Hex(answer), StringComparison.Ordinal);
        Assert.Contains("210007", Hex(answer), StringComparison.Ordinal);
        Assert.Contains("220005", Hex(answer), StringComparison.Ordinal);
        Assert.Contains("130009", Hex(answer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_mqtt_client_without_a_user_is_refused_when_there_is_none_for_it()
    {
        await using var broker = await StartAsync("mqtt", ("Mqtt:AnonymousUser", ""));
        var answer = await ConnectMqttAsync(broker);
        Assert.Equal(0x86, answer[3]);
    }

    [Fact]
    public async Task A_stomp_session_lives_by_what_is_set()
    {
        await using var broker = await StartAsync(
            "stomp", ("Stomp:AcceptsImplicitConnect", "true"), ("Stomp:BodyBytesMax", "1KiB"));
        using var limit = new CancellationTokenSource(Deadline);
        await using var stream = await ConnectAsync(broker);
        await stream.WriteAsync("SEND\ndestination:/queue/q\nreceipt:first\n\nhi\0"u8.ToArray(), limit.Token);
        var answer = await ReadFrameAsync(stream, limit.Token);
        Assert.StartsWith("RECEIPT\n", answer, StringComparison.Ordinal);

        await stream.WriteAsync("SEND\ndestination:/queue/q\ncontent-length:1025\n\n"u8.ToArray(), limit.Token);
        answer = await ReadFrameAsync(stream, limit.Token);
        Assert.StartsWith("ERROR\n", answer, StringComparison.Ordinal);
        Assert.Contains("Frame too large", answer, StringComparison.Ordinal);
    }

    private static void Apply(PosthasteOptions options, params (string Key, string Value)[] settings)
    {
        var entries = settings
            .Select(setting => KeyValuePair.Create($"Posthaste:{setting.Key}", (string?)setting.Value));
        PosthasteConfiguration.Apply(new ConfigurationBuilder().AddInMemoryCollection(entries).Build(), options);
    }

    private static Task<PosthasteBroker> StartAsync(string listener, params (string Key, string Value)[] settings) =>
        PosthasteBroker.StartAsync(options =>
        {
            Apply(options, settings);
            options.UseMemory();
            options.Listen.Clear();
            options.Listen["default"] = "off";
            options.Listen[listener] = "127.0.0.1:0";
        }, TestContext.Current.CancellationToken);

    private static async Task<NetworkStream> ConnectAsync(PosthasteBroker broker)
    {
        var endPoint = Assert.Single(broker.Listeners).EndPoint;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint, TestContext.Current.CancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>The CONNACK that a client of MQTT 5 gets which wants its session kept for ever.</summary>
    private static async Task<byte[]> ConnectMqttAsync(PosthasteBroker broker)
    {
        using var limit = new CancellationTokenSource(Deadline);
        await using var stream = await ConnectAsync(broker);
        byte[] connect =
        [
            0x10, 19, 0, 4, .. "MQTT"u8, 5, 0x02, 0, 60, // clean start, keep alive 60 s
            5, 0x11, 0xFF, 0xFF, 0xFF, 0xFF, // session expiry interval: never
            0, 1, .. "c"u8,
        ];
        await stream.WriteAsync(connect, limit.Token);
        var head = new byte[2];
        await stream.ReadExactlyAsync(head, limit.Token);
        Assert.Equal(0x20, head[0]);
        Assert.InRange(head[1], 3, 127);
        var rest = new byte[head[1]];
        await stream.ReadExactlyAsync(rest, limit.Token);
        return [.. head, .. rest];
    }

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes);

    private static byte[] StartOk()
    {
        byte[] response = [.. "\0guest\0guest"u8];
        byte[] method =
        [
            0, 10, 0, 11, 0, 0, 0, 0, // connection.start-ok without client properties
            5, .. "PLAIN"u8, 0, 0, 0, (byte)response.Length, .. response, 5, .. "en_US"u8,
        ];
        return [1, 0, 0, 0, 0, 0, (byte)method.Length, .. method, FrameEnd];
    }

    private static async Task<byte[]> ReadAmqpFrameAsync(NetworkStream stream, CancellationToken cancellation)
    {
        var head = new byte[7];
        await stream.ReadExactlyAsync(head, cancellation);
        var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(3))];
        await stream.ReadExactlyAsync(payload, cancellation);
        var end = new byte[1];
        await stream.ReadExactlyAsync(end, cancellation);
        Assert.Equal(FrameEnd, end[0]);
        return payload;
    }

    /// <summary>One STOMP frame up to its NUL.</summary>
    private static async Task<string> ReadFrameAsync(NetworkStream stream, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        var next = new byte[1];
        while (true)
        {
            await stream.ReadExactlyAsync(next, cancellation);
            if (next[0] == 0) return text.ToString().TrimStart('\n');
            text.Append((char)next[0]);
        }
    }
}
