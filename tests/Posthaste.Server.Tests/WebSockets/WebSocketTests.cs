using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Posthaste.Server.Tests.Support;
using Posthaste.Server.Transport;

namespace Posthaste.Server.Tests.WebSockets;

/// <summary>A protocol spoken over WebSocket, as the client of the framework and as raw frames see it.</summary>
public sealed class WebSocketTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_go_both_ways_in_order_under_back_pressure()
    {
        var echo = new EchoProtocol();
        await using var broker = await StartAsync(echo);
        using var client = await ConnectAsync(broker, "echo");
        Assert.Equal("echo", client.SubProtocol);

        // More than every buffer on the way holds, in messages of every size and type.
        var bytes = RandomNumberGenerator.GetBytes(5_000_000);
        var sent = SendAsync(client, bytes);
        var received = new byte[bytes.Length];
        for (var at = 0; at < received.Length;)
        {
            var result = await client.ReceiveAsync(received.AsMemory(at), Cancellation);
            Assert.Equal(WebSocketMessageType.Binary, result.MessageType);
            at += result.Count;
        }

        await sent;
        Assert.Equal(bytes, received);
        Assert.InRange(echo.LongestSegmentBytes, 8_192, PinnedBlockPool.BlockBytes);
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", Cancellation);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("Sec-WebSocket-Protocol: v2.echo\r\n", "v2.echo")]
    [InlineData("Sec-WebSocket-Protocol: nobody, v2.echo, echo\r\n", "v2.echo")]
    [InlineData("Sec-WebSocket-Protocol: nobody\r\nSec-WebSocket-Protocol: other\r\n", "other")]
    public async Task The_first_sub_protocol_that_is_spoken_is_chosen(string headers, string chosen)
    {
        await using var broker = await StartAsync(new EchoProtocol());
        using var client = await RawWebSocket.RequestAsync(broker.EndPointOf("echo-ws"), RawWebSocket.Opening(headers));
        var head = await client.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        // The answer to the key of RFC 6455, 1.3.
        Assert.Contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", head, StringComparison.Ordinal);
        if (chosen.Length == 0) Assert.DoesNotContain("Sec-WebSocket-Protocol", head, StringComparison.Ordinal);
        else Assert.Contains($"\r\nSec-WebSocket-Protocol: {chosen}\r\n", head, StringComparison.Ordinal);

        await client.SendAsync(Frames.Masked(Frames.Binary, "who"u8));
        var (_, payload) = await client.ReadFrameAsync();
        Assert.Equal(chosen == "other" ? "other" : "who", Encoding.ASCII.GetString(payload));
    }

    [Theory]
    [InlineData("GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n", 404, "WebSockets are at /ws, /mqtt, /stomp")]
    [InlineData("POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405, "Allow: GET")]
    [InlineData("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", 426, "Upgrade: websocket")]
    [InlineData("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 426, "only WebSockets")]
    [InlineData("GET /ws HTTP/1.1\r\n\r\n", 400, "")]
    [InlineData("\u0010\u0004MQTT\r\n\r\n", 400, "")]
    public async Task A_request_that_opens_no_web_socket_is_answered_in_http(string request, int status, string part)
    {
        await using var broker = await StartAsync(new EchoProtocol());
        Assert.Contains(part, await RefusedAsync(broker, request, status), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "8", "Sec-WebSocket-Version: 13")]
    [InlineData("Sec-WebSocket-Protocol: nobody\r\n", "13", "one of echo, v2.echo, other")]
    [InlineData("Origin: https://shop.example\r\n", "13", "may not connect")]
    [InlineData("Origin: null\r\n", "13", "may not connect")]
    [InlineData("Sec-WebSocket-Key: AAAA\r\n", "13", "Sec-WebSocket-Key")]
    public async Task A_web_socket_that_can_not_be_opened_is_refused(string headers, string version, string part)
    {
        await using var broker = await StartAsync(new EchoProtocol());
        var status = version != "13" ? 426 : headers.StartsWith("Origin", StringComparison.Ordinal) ? 403 : 400;
        var answer = await RefusedAsync(broker, RawWebSocket.Opening(headers, version: version), status);
        Assert.Contains(part, answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_that_is_too_large_is_refused()
    {
        await using var broker = await StartAsync(new EchoProtocol());
        await RefusedAsync(broker, RawWebSocket.Opening($"X: {new string('x', 20_000)}\r\n"), 431);
        await RefusedAsync(broker, RawWebSocket.Opening(path: $"/ws?{new string('x', 4_000)}"), 414);
    }

    [Theory]
    [InlineData("https://shop.example")]
    [InlineData("*")]
    public async Task A_page_whose_origin_is_listed_may_connect(string listed)
    {
        await using var broker = await StartAsync(new EchoProtocol(), options => options.WebSocketOrigins.Add(listed));
        using var client = await RawWebSocket.OpenAsync(
            broker.EndPointOf("echo-ws"), "Origin: https://shop.example\r\n");
    }

    [Fact]
    public async Task A_protocol_whose_web_sockets_are_off_is_not_had_through_anothers()
    {
        await using var broker = await StartAsync(new EchoProtocol(), options => options.Listen["other-ws"] = "off");
        var answer = await RefusedAsync(broker, RawWebSocket.Opening("Sec-WebSocket-Protocol: other\r\n"), 400);
        Assert.Contains("one of echo, v2.echo", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ping_is_answered_with_its_payload_also_within_a_message()
    {
        await using var broker = await StartAsync(new EchoProtocol());
        using var client = await RawWebSocket.OpenAsync(broker.EndPointOf("echo-ws"));
        await client.SendAsync(Frames.Masked(Frames.Ping, "one"u8));
        Assert.Equal("10 one", Text(await client.ReadFrameAsync()));
        await client.SendAsync(Frames.Masked(Frames.Binary, "ab"u8, isFin: false));
        Assert.Equal("2 ab", Text(await client.ReadFrameAsync()));
        await client.SendAsync(Frames.Masked(Frames.Ping, []));
        Assert.Equal("10 ", Text(await client.ReadFrameAsync()));
        await client.SendAsync(Frames.Masked(Frames.Continuation, "c"u8));
        Assert.Equal("2 c", Text(await client.ReadFrameAsync()));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(4999)]
    [InlineData(1005)]
    public async Task A_close_is_answered_with_its_own_code_and_the_connection_ends(int code)
    {
        await using var broker = await StartAsync(new EchoProtocol());
        using var client = await RawWebSocket.OpenAsync(broker.EndPointOf("echo-ws"));
        await client.SendAsync(code == 1005 ? Frames.Masked(Frames.Close, []) : Frames.Closing((ushort)code, "bye"));
        Assert.Equal(code, await client.ReadCloseAsync());
        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_broken_rule_closes_with_its_code_and_other_connections_go_on()
    {
        await using var broker = await StartAsync(new EchoProtocol());
        using var other = await RawWebSocket.OpenAsync(broker.EndPointOf("echo-ws"));
        using var client = await RawWebSocket.OpenAsync(broker.EndPointOf("echo-ws"));
        await client.SendAsync(new byte[] { 0x82, 1, 1 });
        Assert.Equal(1002, await client.ReadCloseAsync());
        await client.SendAsync(Frames.Closing(1002));
        Assert.Equal("", await client.ReadToEndAsync());

        await other.SendAsync(Frames.Masked(Frames.Binary, "x"u8));
        Assert.Equal("2 x", Text(await other.ReadFrameAsync()));
    }

    [Fact]
    public async Task Text_is_refused_by_a_protocol_that_takes_none()
    {
        await using var broker = await StartAsync(new EchoProtocol());
        using var client = await RawWebSocket.OpenAsync(broker.EndPointOf("other-ws"));
        await client.SendAsync(Frames.Masked(Frames.Text, "x"u8));
        Assert.Equal(1003, await client.ReadCloseAsync());
    }

    [Fact]
    public async Task A_broker_that_stops_says_goodbye_and_that_it_goes_away()
    {
        var broker = await StartAsync(new EchoProtocol());
        using var client = await ConnectAsync(broker, "echo");
        await client.SendAsync("x"u8.ToArray(), WebSocketMessageType.Binary, true, Cancellation);
        var buffer = new byte[100];
        await client.ReceiveAsync(buffer, Cancellation);

        var stopped = broker.DisposeAsync();
        var goodbye = await client.ReceiveAsync(buffer, Cancellation);
        Assert.Equal(EchoProtocol.Goodbye, Encoding.ASCII.GetString(buffer, 0, goodbye.Count));
        await client.ReceiveAsync(buffer, Cancellation);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, client.CloseStatus);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancellation);
        await stopped;
    }

    [Fact]
    public async Task A_peer_that_never_answers_a_close_holds_nothing_up_for_long()
    {
        var broker = await StartAsync(new EchoProtocol());
        using var client = await RawWebSocket.OpenAsync(broker.EndPointOf("echo-ws"));
        await client.SendAsync(Frames.Masked(Frames.Binary, "x"u8));
        await client.ReadFrameAsync();
        await broker.DisposeAsync();
        Assert.NotEqual("", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_connection_beyond_the_limit_is_cut_before_its_request_is_read()
    {
        await using var broker = await StartAsync(new EchoProtocol(), options => options.Broker.ConnectionsMax = 1);
        using var first = await RawWebSocket.OpenAsync(broker.EndPointOf("echo-ws"));
        Assert.Equal("", await EchoClient.ConnectToBeCutAsync(broker.EndPointOf("echo-ws")));
    }

    private static async Task<string> RefusedAsync(PosthasteBroker broker, string request, int status)
    {
        using var client = await RawWebSocket.RequestAsync(broker.EndPointOf("echo-ws"), request);
        var answer = await client.ReadToEndAsync();
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        return answer;
    }

    private static async Task SendAsync(ClientWebSocket client, byte[] bytes)
    {
        var random = new Random(1);
        for (var at = 0; at < bytes.Length;)
        {
            var count = Math.Min(bytes.Length - at, random.Next(200_000));
            await client.SendAsync(
                bytes.AsMemory(at, count), WebSocketMessageType.Binary, random.Next(2) == 0, Cancellation);
            at += count;
        }
    }

    private static string Text((byte Opcode, byte[] Payload) frame) =>
        $"{frame.Opcode} {Encoding.ASCII.GetString(frame.Payload)}";

    private static async Task<ClientWebSocket> ConnectAsync(PosthasteBroker broker, string subProtocol)
    {
        var client = new ClientWebSocket();
        client.Options.AddSubProtocol(subProtocol);
        await client.ConnectAsync(new Uri($"ws://{broker.EndPointOf("echo-ws")}/mqtt"), Cancellation);
        return client;
    }

    private static Task<PosthasteBroker> StartAsync(EchoProtocol echo, Action<PosthasteOptions>? configure = null) =>
        PosthasteBroker.StartAsync(options =>
        {
            options.Protocols =
            [
                EchoProtocol.OverWebSocket("echo", echo),
                EchoProtocol.OverWebSocket("other", new EchoProtocol { Answer = "other" }, takesText: false),
            ];
            configure?.Invoke(options);
        }, Cancellation);
}
