using System.Text;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Wire;

/// <summary>The handshake, step by step, with what the broker says to each wrong one.</summary>
public sealed class HandshakeTests(BrokerFixture broker)
{
    private const string SilentTune = "a failed negotiation just ended the socket, after three seconds";

    private static readonly byte[] Guest = "\0guest\0guest"u8.ToArray();

    public static TheoryData<string, byte[]> WrongHeaders => new()
    {
        { "a future version", "AMQP\0\x01\x00\x0a"u8.ToArray() },
        { "an HTTP request", "GET / HTTP/1.1\r\n\r\n"u8.ToArray() },
        { "version 0-10", "AMQP\x01\x01\x00\x0a"u8.ToArray() },
    };

    [BrokerTheory]
    [MemberData(nameof(WrongHeaders))]
    public async Task A_wrong_header_is_answered_with_the_right_one_and_a_close(string what, byte[] header)
    {
        await using WireClient client = await WireClient.ConnectAsync(broker);
        await client.SendAsync(header);
        byte[]? answer = await client.ReadBytesAsync(8);
        Assert.True(answer is not null, $"The broker closed without a header after {what}.");
        Assert.Equal("AMQP"u8.ToArray(), answer[..4]);
        Assert.Null(await client.ReadBytesAsync(1));
    }

    [BrokerFact]
    public async Task Version_0_9_is_accepted_as_0_9_1()
    {
        await using WireClient client = await WireClient.ConnectAsync(broker);
        await client.SendAsync("AMQP\x01\x01\x00\x09"u8.ToArray());
        await client.ExpectAsync(10, 10);
    }

    [BrokerFact]
    public async Task Start_offers_the_mechanisms_and_a_locale()
    {
        await using WireClient client = await WireClient.ConnectAsync(broker);
        await client.SendAsync("AMQP\0\0\x09\x01"u8.ToArray());
        string start = Encoding.ASCII.GetString((await client.ExpectAsync(10, 10)).Payload);
        Assert.Contains("PLAIN", start);
        Assert.Contains("AMQPLAIN", start);
        Assert.EndsWith("en_US", start);
    }

    [BrokerFact]
    public async Task Plain_authenticates()
    {
        await using WireClient client = await WireClient.ConnectAsync(broker);
        await client.StartAsync();
        await client.AuthenticateAsync("PLAIN", Guest);
        Assert.Equal((2_047, 131_072L, 60), client.Tune);
    }

    [BrokerFact]
    public async Task Amqplain_authenticates()
    {
        byte[] table = new WireWriter()
            .ShortString("LOGIN").Octet('S').LongBytes("guest"u8)
            .ShortString("PASSWORD").Octet('S').LongBytes("guest"u8).ToArray();
        await using WireClient client = await WireClient.ConnectAsync(broker);
        await client.StartAsync();
        await client.AuthenticateAsync("AMQPLAIN", table);
    }

    [BrokerTheory]
    [InlineData("PLAIN", "\0guest\0wrong")]
    [InlineData("PLAIN", "\0nobody\0guest")]
    public async Task A_refused_login_is_403_where_the_client_can_hear_it(string mechanism, string response)
    {
        await using WireClient client = await WireClient.ConnectAsync(broker);
        await client.StartAsync();
        await client.SendStartOkAsync(mechanism, Encoding.ASCII.GetBytes(response));
        Assert.Equal(
            (403, $"ACCESS_REFUSED - Login was refused using authentication mechanism {mechanism}. "
                + "For details see the broker logfile."),
            (await client.ExpectAsync(10, 50)).Reason);
    }

    [BrokerFact]
    public async Task A_refused_login_without_the_capability_just_ends()
    {
        await using WireClient client = await WireClient.ConnectAsync(broker);
        await client.StartAsync();
        await client.SendMethodAsync(0, 10, 11, new WireWriter()
            .EmptyTable().ShortString("PLAIN").LongBytes("\0guest\0wrong"u8).ShortString("en_US"));
        Assert.Null(await client.ReadAsync());
    }

    [BrokerFact]
    public async Task A_mechanism_that_nobody_offered_ends_the_connection()
    {
        await using WireClient client = await WireClient.ConnectAsync(broker);
        await client.StartAsync();
        await client.SendStartOkAsync("GUESSWORK", Guest);
        WireFrame? answer = await client.ReadAsync();
        Assert.True(answer is null || answer.Is(10, 50));
    }

    [BrokerFact]
    public async Task A_missing_virtual_host_is_530()
    {
        await using WireClient client = await TunedAsync();
        await client.SendMethodAsync(0, 10, 40, new WireWriter().ShortString("missing").ShortString("").Octet(0));
        await client.ExpectConnectionErrorAsync(530, "NOT_ALLOWED - vhost missing not found");
    }

    [BrokerFact]
    public async Task A_frame_maximum_above_the_proposal_is_530()
    {
        broker.SkipOnRabbitMqBefore("4.0", SilentTune);
        await using WireClient client = await AuthenticatedAsync();
        await client.TuneAsync(0, 262_144);
        WireFrame close = await client.ExpectAsync(10, 50);
        Assert.Equal(530, close.Reason.Code);
        Assert.StartsWith("NOT_ALLOWED - negotiated frame_max = 262144", close.Reason.Text);
        Assert.EndsWith("is higher than the maximum allowed value (131072)", close.Reason.Text);
    }

    [BrokerFact]
    public async Task A_frame_maximum_below_the_specifications_minimum_is_530()
    {
        broker.SkipOnRabbitMqBefore("4.0", SilentTune);
        await using WireClient client = await AuthenticatedAsync();
        await client.TuneAsync(2_047, 1_024);
        WireFrame close = await client.ExpectAsync(10, 50);
        Assert.Equal(530, close.Reason.Code);
        Assert.StartsWith("NOT_ALLOWED - negotiated frame_max = 1024", close.Reason.Text);
    }

    [BrokerFact]
    public async Task A_channel_maximum_above_the_proposal_is_530()
    {
        broker.SkipOnRabbitMqBefore("4.0", SilentTune);
        await using WireClient client = await AuthenticatedAsync();
        await client.TuneAsync(4_000, 131_072);
        WireFrame close = await client.ExpectAsync(10, 50);
        Assert.Equal(530, close.Reason.Code);
        Assert.StartsWith("NOT_ALLOWED - negotiated channel_max = 4000", close.Reason.Text);
        Assert.EndsWith("is higher than the maximum allowed value (2047)", close.Reason.Text);
    }

    [BrokerFact]
    public async Task Closing_is_answered()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(0, 10, 50, new WireWriter().Short(200).ShortString("bye").Short(0).Short(0));
        await client.ExpectAsync(10, 51);
    }

    [BrokerFact]
    public async Task A_client_that_falls_silent_is_dropped_after_its_heartbeats()
    {
        await using WireClient client = await AuthenticatedAsync();
        await client.TuneAsync(2_047, 131_072, heartbeatSeconds: 1);
        await client.SendMethodAsync(0, 10, 40, new WireWriter().ShortString("/").ShortString("").Octet(0));
        await client.ExpectAsync(10, 41);
        Assert.Null(await client.ReadAsync());
    }

    private async Task<WireClient> AuthenticatedAsync()
    {
        WireClient client = await WireClient.ConnectAsync(broker);
        await client.StartAsync();
        await client.AuthenticateAsync("PLAIN", Guest);
        return client;
    }

    private async Task<WireClient> TunedAsync()
    {
        WireClient client = await AuthenticatedAsync();
        await client.TuneAsync(2_047, 131_072);
        return client;
    }
}
