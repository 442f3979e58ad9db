using System.Globalization;

namespace Posthaste.Protocols.Stomp.Tests.Session;

public sealed class ConnectTests
{
    [Theory]
    [InlineData("1.0", "1.0")]
    [InlineData("1.0,1.1", "1.1")]
    [InlineData("1.2,1.1", "1.2")]
    public async Task The_version_is_negotiated(string accepted, string version)
    {
        await using var host = new BrokerHost();
        var connected = await host.Connect().OpenAsync(accepted);
        Assert.Equal(version, connected["version"]);
        Assert.Equal("0,0", connected["heart-beat"]);
        Assert.StartsWith("Posthaste/", connected["server"], StringComparison.Ordinal);
        Assert.NotEmpty(connected["session"]);
    }

    [Theory]
    [InlineData("CONNECT\n\n\0", "1.0")]
    [InlineData("STOMP\r\naccept-version:1.2\r\nhost:/\r\n\r\n\0", "1.2")]
    public async Task Without_login_the_default_user_comes_in(string frame, string version)
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(frame);
        Assert.Equal(version, (await client.ExpectAsync("CONNECTED"))["version"]);
    }

    [Theory]
    [InlineData("CONNECT\naccept-version:3.0\n\n\0", "Version mismatch", "Supported versions are 1.0,1.1,1.2")]
    [InlineData("CONNECT\nlogin:guest\npasscode:wrong\n\n\0", "Bad CONNECT", "Access refused for user 'guest'")]
    [InlineData("CONNECT\nlogin:guest\n\n\0", "Bad CONNECT", "Access refused for user 'guest'")]
    [InlineData("CONNECT\nhost:elsewhere\n\n\0", "Bad CONNECT", "Virtual host 'elsewhere' access denied")]
    [InlineData("CONNECT\nheart-beat:soon\n\n\0", "Invalid header",
        "heart-beat has to be two numbers of milliseconds: x,y, not \"soon\"")]
    [InlineData("SEND\ndestination:/queue/a\n\nx\0", "Illegal command", "You must log in using CONNECT first")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "Bad command", "Could not interpret command \"GET / HTTP/1.\"")]
    public async Task Who_does_not_get_in_is_told_why(string frame, string message, string detail)
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(frame);
        var error = await client.ExpectErrorAsync(message, detail);
        Assert.Equal("1.0,1.1,1.2", error["version"]);
        Assert.Equal("text/plain", error["content-type"]);
    }

    [Fact]
    public async Task The_error_names_the_receipt_that_was_asked_for()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync("CONNECT\nlogin:nobody\nreceipt:77\n\n\0");
        Assert.Equal("77", (await client.ExpectErrorAsync("Bad CONNECT"))["receipt-id"]);
    }

    [Fact]
    public async Task The_host_header_selects_the_virtual_host()
    {
        await using var host = new BrokerHost(options => options.VirtualHosts = ["/", "other"]);
        var client = host.Connect();
        await client.SendAsync("CONNECT\naccept-version:1.2\nhost:other\n\n\0");
        await client.ExpectAsync("CONNECTED");
        await client.PublishAsync("/queue/q", "x");
        await client.FenceAsync();
        Assert.Equal("other", host.Broker.Queues.Single().Host.Name);
    }

    [Fact]
    public async Task Without_a_default_user_a_login_is_asked_for()
    {
        await using var host = new BrokerHost(options: new StompOptions { DefaultLogin = null });
        var client = host.Connect();
        await client.SendAsync("CONNECT\n\n\0");
        await client.ExpectErrorAsync("Bad CONNECT", "CONNECT must include a 'login' header");
    }

    [Fact]
    public async Task A_first_frame_may_stand_for_connect_where_that_is_allowed()
    {
        await using var host = new BrokerHost(options: new StompOptions { AcceptsImplicitConnect = true });
        var client = host.Connect();
        await client.SendAsync("SUBSCRIBE\ndestination:/queue/a\n\n\0SEND\ndestination:/queue/a\n\nhello\0");
        var message = await client.ExpectMessageAsync("hello");
        Assert.Null(message.Find("subscription"));
    }

    [Fact]
    public async Task Connecting_twice_is_an_error()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SendAsync("CONNECT\n\n\0");
        await client.ExpectErrorAsync("Illegal command", "CONNECT on a connection that is open already");
    }

    [Fact]
    public async Task Nobody_waits_for_connect_for_ever()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        var client = host.Connect();
        await client.SendAsync("CONN");
        for (var i = 0; i < 30; i++)
            time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal("no CONNECT in time", await client.Aborted);
    }

    [Theory]
    [InlineData("0,0", "0,0")]
    [InlineData("2500,3000", "3000,2500")]
    [InlineData("10,20", "1000,1000")]
    public async Task Heart_beats_are_agreed(string asked, string agreed)
    {
        await using var host = new BrokerHost();
        Assert.Equal(agreed, (await host.Connect().OpenAsync(more: $"heart-beat:{asked}\n"))["heart-beat"]);
    }

    [Fact]
    public async Task Heart_beats_are_sent_and_expected()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        var client = host.Connect();
        await client.OpenAsync(more: "heart-beat:2000,2000\n");
        for (var i = 0; i < 4; i++)
            time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.All(await client.ReadBytesAsync(), octet => Assert.Equal((byte)'\n', octet));

        // One from the client, then silence.
        await client.SendAsync("\n");
        for (var i = 0; i < 20; i++)
            time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal("missed heart-beats from client, timeout: 2000 ms", await client.Aborted);
    }

    [Fact]
    public async Task An_ERROR_reaches_a_client_that_is_still_sending()
    {
        await using var host = new BrokerHost(options => options.ConnectionTime = new ManualTime());
        var client = await host.OpenAsync();
        await client.SendAsync("NONSENSE\n\n\0");

        // More than the transport holds: it arrives only if the broker goes on reading.
        await client.SendAsync(new byte[4 << 20]);
        Assert.Equal("ERROR", (await client.ReadAsync())!.Command);
        await client.SendAsync(new byte[4 << 20]);
        Assert.False(client.Served.IsCompleted);
    }

    [Fact]
    public async Task Shutting_down_is_said()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        host.Stop();
        await client.ExpectErrorAsync("connection_forced", "shutdown");
    }

    [Fact]
    public async Task Disconnect_is_answered_last()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SendAsync("SEND\ndestination:/queue/a\nreceipt:1\n\nx\0DISCONNECT\nreceipt:2\n\n\0\n");
        await client.ExpectReceiptAsync("1");
        await client.ExpectReceiptAsync("2");
        Assert.Null(await client.ReadAsync());
        Assert.Equal(1, host.Count("a"));
    }

    [Fact]
    public async Task Exclusive_queues_are_gone_when_disconnect_is_answered()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/topic/t");
        Assert.Single(host.Broker.Queues);
        await client.SendAsync("DISCONNECT\nreceipt:bye\n\n\0");
        await client.ExpectReceiptAsync("bye");
        Assert.Empty(host.Broker.Queues);
    }

    [Fact]
    public async Task Sessions_have_names_of_their_own()
    {
        await using var host = new BrokerHost();
        var first = (await host.Connect().OpenAsync())["session"];
        var second = (await host.Connect().OpenAsync())["session"];
        Assert.NotEqual(first, second, StringComparer.Create(CultureInfo.InvariantCulture, ignoreCase: false));
    }
}
