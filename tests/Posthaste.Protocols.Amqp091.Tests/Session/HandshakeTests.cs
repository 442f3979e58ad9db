using System.Text;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

public sealed class HandshakeTests
{
    [Theory]
    [InlineData("AMQP\0\x01\0\0")]
    [InlineData("AMQP\x01\x01\0\x08")]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("\x16\x03\x01\x02\0\x01\0\x01\xFC")]
    [InlineData("nonsense")]
    public async Task Another_protocol_is_answered_with_the_header_and_closed(string bytes)
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(Encoding.Latin1.GetBytes(bytes));
        Assert.Equal(ProtocolHeader.Amqp091.ToArray(), await client.ReadToEndAsync());
        await client.Served;
    }

    [Fact]
    public async Task Start_names_product_capabilities_and_mechanisms()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        var payload = await client.ExpectAsync(MethodId.ConnectionStart, 0);
        Assert.True(ConnectionStart.TryRead(payload, out var start));
        var properties = new FieldTableReader(start.ServerProperties).ToTable();
        Assert.True(properties.TryGetString("product", out var product));
        Assert.Equal("Posthaste", product);
        Assert.True(properties.TryGetValue("capabilities", out var value));
        Assert.True(value.TryGetTable(out var capabilities));
        Assert.Equal(9, capabilities!.Count);
        Assert.All(capabilities, field => Assert.True(field.Value.TryGetBoolean(out var on) && on));
        Assert.Equal("PLAIN AMQPLAIN SCRAM-SHA-512 SCRAM-SHA-256", Encoding.UTF8.GetString(start.Mechanisms));
        Assert.Equal("en_US", Encoding.UTF8.GetString(start.Locales));
    }

    [Fact]
    public async Task A_handshake_that_comes_byte_by_byte_succeeds()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        foreach (var octet in ProtocolHeader.Amqp091.ToArray())
            await client.SendAsync([octet]);
        await client.ExpectAsync(MethodId.ConnectionStart);
    }

    [Fact]
    public async Task A_refused_login_is_explained_to_clients_that_can_hear_it()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendStartOkAsync(TestClient.AllCapabilities, "wrong");
        await client.ExpectConnectionCloseAsync(
            ReplyCode.AccessRefused,
            "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. " +
            "For details see the broker logfile.");
    }

    [Fact]
    public async Task A_refused_login_is_a_closed_socket_for_other_clients()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendStartOkAsync(FieldTable.Empty, "wrong");
        Assert.Null(await client.ReadAsync());
        await client.Served;
    }

    [Fact]
    public async Task A_mechanism_that_was_not_offered_is_refused()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendStartOkAsync(TestClient.AllCapabilities, "guest", "RABBIT-CR-DEMO");
        await client.ExpectConnectionCloseAsync(
            ReplyCode.CommandInvalid, "COMMAND_INVALID - invalid authentication mechanism 'RABBIT-CR-DEMO'");
    }

    [Fact]
    public async Task Amqplain_carries_a_table()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendAsync(0, new ConnectionStartOk
        {
            Mechanism = "AMQPLAIN"u8,
            Response = FieldTableCodec.Encode([new("LOGIN", "guest"), new("PASSWORD", "guest")]),
            Locale = "en_US"u8,
        });
        await client.ExpectAsync(MethodId.ConnectionTune);
    }

    [Theory]
    [InlineData(0u, 2047, "negotiated frame_max = 0 (no limit) is higher than the maximum allowed value (131072)")]
    [InlineData(131_073u, 2047, "negotiated frame_max = 131073 is higher than the maximum allowed value (131072)")]
    [InlineData(100u, 2047, "negotiated frame_max = 100 is lower than the minimum allowed value (4096)")]
    [InlineData(131_072u, 0, "negotiated channel_max = 0 (no limit) is higher than the maximum allowed value (2047)")]
    [InlineData(131_072u, 2048, "negotiated channel_max = 2048 is higher than the maximum allowed value (2047)")]
    public async Task Limits_beyond_those_offered_are_refused(uint frameMax, int channelMax, string text)
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendStartOkAsync(TestClient.AllCapabilities, "guest");
        await client.ExpectAsync(MethodId.ConnectionTune);
        await client.SendAsync(0, new ConnectionTuneOk { ChannelMax = (ushort)channelMax, FrameMax = frameMax });
        await client.ExpectConnectionCloseAsync(ReplyCode.NotAllowed, $"NOT_ALLOWED - {text}");
    }

    [Fact]
    public async Task An_unknown_virtual_host_is_not_found()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendStartOkAsync(TestClient.AllCapabilities, "guest");
        await client.ExpectAsync(MethodId.ConnectionTune);
        await client.SendAsync(0, new ConnectionTuneOk { ChannelMax = 10, FrameMax = 8192 });
        await client.SendAsync(0, new ConnectionOpen { VirtualHost = "nowhere"u8 });
        await client.ExpectConnectionCloseAsync(ReplyCode.NotAllowed, "NOT_ALLOWED - vhost nowhere not found");
    }

    [Fact]
    public async Task A_method_of_a_channel_before_open_is_unexpected()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendAsync(1, default(ChannelOpen));
        await client.ExpectConnectionCloseAsync(
            ReplyCode.UnexpectedFrame, "UNEXPECTED_FRAME - type 1 on channel 1 before connection.open");
    }

    [Fact]
    public async Task A_method_out_of_turn_is_a_channel_error()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendAsync(0, new ConnectionOpen { VirtualHost = "/"u8 });
        await client.ExpectConnectionCloseAsync(
            ReplyCode.ChannelError, "CHANNEL_ERROR - unexpected method in connection state starting");
    }

    [Fact]
    public async Task A_frame_announced_too_large_is_refused_before_it_has_come()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendAsync([1, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF]);
        var payload = await client.ExpectAsync(MethodId.ConnectionClose);
        Assert.True(ConnectionClose.TryRead(payload, out var close));
        Assert.Equal((ushort)ReplyCode.FrameError, close.ReplyCode);
    }

    [Fact]
    public async Task A_client_that_takes_its_time_with_the_handshake_is_cut()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(client.Served.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("handshake timeout", await client.Aborted);
        await client.Served;
    }

    [Fact]
    public async Task Heartbeats_go_out_at_half_the_interval_and_silence_is_death()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        var client = await host.OpenAsync();
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(FrameType.Heartbeat, (await client.ReadAsync())!.Type);
        time.Advance(TimeSpan.FromSeconds(95));
        Assert.Equal("missed heartbeats from client, timeout: 60s", await client.Aborted);
    }

    [Fact]
    public async Task A_client_whose_frames_make_no_sense_is_read_until_it_closes()
    {
        await using var host = new BrokerHost(options => options.ConnectionTime = new ManualTime());
        var client = await host.OpenAsync();

        // No frame, and more than the transport holds: it arrives only if the broker goes on reading.
        var noise = Enumerable.Repeat((byte)0xFF, 4 << 20).ToArray();
        await client.SendAsync(noise);
        await client.ExpectAsync(MethodId.ConnectionClose);
        await client.SendAsync(noise);
        Assert.False(client.Served.IsCompleted);
    }

    [Fact]
    public async Task A_shutdown_closes_with_connection_forced()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        host.Stop();
        await client.ExpectConnectionCloseAsync(
            ReplyCode.ConnectionForced, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'");
    }

    [Fact]
    public async Task Update_secret_authenticates_again()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SendAsync(0, new ConnectionUpdateSecret { NewSecret = "guest"u8, Reason = "renewed"u8 });
        await client.ExpectAsync(MethodId.ConnectionUpdateSecretOk, 0);
        await client.SendAsync(0, new ConnectionUpdateSecret { NewSecret = "wrong"u8, Reason = "renewed"u8 });
        await client.ExpectConnectionCloseAsync(
            ReplyCode.NotAllowed, "NOT_ALLOWED - New secret was refused by one of the backends");
    }

    [Fact]
    public async Task A_client_closes_in_order()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(0, new ConnectionClose { ReplyCode = 200, ReplyText = "bye"u8 });
        await client.ExpectAsync(MethodId.ConnectionCloseOk, 0);
        await client.Served;
    }
}
