using System.Text;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>CONNECT and what ends a connection.</summary>
public sealed class ConnectTests
{
    [Fact]
    public async Task A_client_without_identifier_is_given_one_3_1_3_6()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        var id = (await client.OpenAsync()).TextOf(PropertyId.AssignedClientIdentifier);
        Assert.False(string.IsNullOrEmpty(id));
        var other = host.Connect();
        Assert.NotEqual(id, (await other.OpenAsync()).TextOf(PropertyId.AssignedClientIdentifier));
        await host.OpenAsync("", MqttVersion.V311);
    }

    [Theory]
    [InlineData(MqttVersion.V31, true)]
    [InlineData(MqttVersion.V311, false)]
    internal async Task An_empty_identifier_of_3_x_is_refused_where_there_must_be_one(MqttVersion version, bool clean)
    {
        await using var host = new BrokerHost();
        var client = host.Connect(version);
        await client.SendConnectAsync("", new ConnectOptions { CleanStart = clean });
        Assert.Equal(ReasonCode.ClientIdentifierNotValid, (await client.ExpectAsync(PacketType.ConnAck)).Code);
        Assert.Null(await client.ReadAsync());
    }

    [Fact]
    public async Task An_identifier_that_is_too_long_for_its_queues_is_refused_with_0x85()
    {
        await using var host = new BrokerHost();
        await host.OpenAsync(new string('x', 233), options: ConnectOptions.Kept());
        var client = host.Connect();
        await client.SendConnectAsync(new string('x', 234));
        Assert.Equal(ReasonCode.ClientIdentifierNotValid, (await client.ExpectAsync(PacketType.ConnAck)).Code);
    }

    [Theory]
    [InlineData("guest", "guest", ReasonCode.Success)]
    [InlineData("/:guest", "guest", ReasonCode.Success)]
    [InlineData("guest", "wrong", ReasonCode.BadUserNameOrPassword)]
    [InlineData("nobody", "guest", ReasonCode.BadUserNameOrPassword)]
    [InlineData("nowhere:guest", "guest", ReasonCode.NotAuthorized)]
    internal async Task The_user_name_says_who_and_where(string user, string password, ReasonCode expected)
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendConnectAsync("c", new ConnectOptions { UserName = user, Password = password });
        Assert.Equal(expected, (await client.ExpectAsync(PacketType.ConnAck)).Code);
    }

    [Fact]
    public async Task Nobody_without_a_name_gets_in_where_that_is_not_allowed()
    {
        await using var host = new BrokerHost(limits: new MqttLimits { AnonymousUser = null });
        var client = host.Connect();
        await client.SendConnectAsync("c");
        Assert.Equal(ReasonCode.BadUserNameOrPassword, (await client.ExpectAsync(PacketType.ConnAck)).Code);
    }

    [Fact]
    public async Task An_authentication_method_that_is_not_offered_is_refused_with_0x8C_4_12_0_1()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendConnectAsync("c", new ConnectOptions
        {
            Properties = [TestProperty.Of(PropertyId.AuthenticationMethod, "KERBEROS")],
        });
        Assert.Equal(ReasonCode.BadAuthenticationMethod, (await client.ExpectAsync(PacketType.ConnAck)).Code);
    }

    [Fact]
    public async Task PLAIN_is_a_method_like_any_other_and_may_be_repeated_4_12_1()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        TestProperty[] proof =
        [
            TestProperty.Of(PropertyId.AuthenticationMethod, "PLAIN"),
            TestProperty.Of(PropertyId.AuthenticationData, "\0guest\0guest"),
        ];
        var ack = await client.OpenAsync("c", new ConnectOptions { Properties = proof });
        Assert.Equal("PLAIN", ack.TextOf(PropertyId.AuthenticationMethod));
        await client.SendAuthAsync(ReasonCode.ReAuthenticate, proof);
        Assert.Equal(ReasonCode.Success, (await client.ExpectAsync(PacketType.Auth)).Code);
        await client.SendAuthAsync(
            ReasonCode.ReAuthenticate, proof[0], TestProperty.Of(PropertyId.AuthenticationData, "\0guest\0wrong"));
        await client.ExpectEndAsync(ReasonCode.NotAuthorized);
    }

    [Fact]
    public async Task AUTH_without_a_method_in_CONNECT_is_a_protocol_error_4_12_0_7()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c");
        await client.SendAuthAsync(
            ReasonCode.ReAuthenticate, TestProperty.Of(PropertyId.AuthenticationMethod, "PLAIN"));
        await client.ExpectEndAsync(ReasonCode.ProtocolError);
    }

    [Fact]
    public async Task Another_protocol_level_is_told_that_it_is_not_spoken_3_1_2_2()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync([0x10, 13, 0, 4, .. "MQTT"u8, 6, 2, 0, 0, 0, 0, 0]);
        Assert.Equal(ReasonCode.UnsupportedProtocolVersion, (await client.ExpectAsync(PacketType.ConnAck)).Code);
    }

    [Fact]
    public async Task A_second_CONNECT_is_a_protocol_error_3_1_0_2()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c");
        await client.SendConnectAsync("c");
        await client.ExpectEndAsync(ReasonCode.ProtocolError);
    }

    [Fact]
    public async Task What_comes_before_CONNECT_closes_without_a_word_3_1_0_1()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(PacketFrame.PingReq.ToArray());
        Assert.Null(await client.ReadAsync());
    }

    [Fact]
    public async Task Silence_for_one_and_a_half_keep_alives_ends_a_connection_with_0x8D_3_1_2_22()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        var client = await host.OpenAsync("c", options: new ConnectOptions { KeepAliveSeconds = 10 });
        time.Advance(TimeSpan.FromSeconds(14));
        await client.ExpectSilenceAsync();
        time.Advance(TimeSpan.FromSeconds(14));
        await client.ExpectSilenceAsync();
        time.Advance(TimeSpan.FromSeconds(17));
        await client.ExpectEndAsync(ReasonCode.KeepAliveTimeout);
    }

    [Fact]
    public async Task A_keep_alive_that_is_too_long_is_answered_with_the_servers_3_2_2_21()
    {
        await using var host = new BrokerHost(limits: new MqttLimits { KeepAliveSecondsMax = 30 });
        var client = host.Connect();
        Assert.Equal(30u, (await client.OpenAsync("c")).Number(PropertyId.ServerKeepAlive));
        var other = host.Connect();
        var ack = await other.OpenAsync("d", new ConnectOptions { KeepAliveSeconds = 20 });
        Assert.Null(ack.Number(PropertyId.ServerKeepAlive));
    }

    [Fact]
    public async Task A_client_that_does_not_connect_in_time_is_cut()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        var client = host.Connect();
        time.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal("no CONNECT in time", await client.Aborted);
    }

    [Fact]
    public async Task A_shutdown_is_said_with_0x8B()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c");
        host.Stop();
        await client.ExpectEndAsync(ReasonCode.ServerShuttingDown);
    }

    [Fact]
    public async Task The_response_information_is_a_place_for_the_clients_own_replies_3_2_2_28()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        var ack = await client.OpenAsync("c", new ConnectOptions
        {
            Properties = [TestProperty.Of(PropertyId.RequestResponseInformation, 1)],
        });
        Assert.Equal("replies/c/", ack.TextOf(PropertyId.ResponseInformation));
    }

    [Theory]
    [InlineData("30020001")] // A publish whose topic goes on behind its end.
    [InlineData("3606000174000100")] // QoS 3.
    [InlineData("8003000100")] // SUBSCRIBE with wrong flags.
    [InlineData("820500010000ff")] // A filter that goes on behind the end.
    [InlineData("40020000")] // Packet identifier 0.
    [InlineData("20020000")] // What only servers send.
    [InlineData("c00100")] // PINGREQ with a body.
    [InlineData("30ffffffff01")] // A length of five octets.
    internal async Task Malformed_packets_are_answered_and_closed_4_13_1_1(string hex)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c");
        await client.SendAsync(Convert.FromHexString(hex));
        var end = await client.ExpectAsync(PacketType.Disconnect);
        Assert.True(end.Code is ReasonCode.MalformedPacket or ReasonCode.ProtocolError, $"{end.Code}");
        Assert.NotNull(end.TextOf(PropertyId.ReasonString));
        Assert.Null(await client.ReadAsync());
        var old = await host.OpenAsync("d", MqttVersion.V311);
        await old.SendAsync(Convert.FromHexString(hex));
        Assert.Null(await old.ReadAsync());
    }

    [Fact]
    public async Task Bytes_of_any_kind_are_no_defect_of_the_broker()
    {
        var defects = new DefectLog();
        await using var host = new BrokerHost(loggers: defects);
        var random = new Random(20);
        for (var round = 0; round < 150; round++)
        {
            var client = await host.OpenAsync($"c{round % 7}", blockBytes: 64);
            var bytes = client.PublishBytes("a/b", Encoding.UTF8.GetBytes("payload"), QoS.ExactlyOnce, packetId: 5);
            byte[] types = [0x30, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x82, 0xA2, 0xC0, 0xE0, 0xF0];
            for (var i = 0; i < 4; i++)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            bytes[0] = types[random.Next(types.Length)];
            await client.SendAsync(bytes);
            await client.HangUpAsync();
        }

        Assert.True(defects.Errors.IsEmpty, defects.Errors.FirstOrDefault());
    }
}
