using System.Text;
using Posthaste.Interop.Tests.BadInput;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Testing;

namespace Posthaste.Interop.Tests.Stomp;

/// <summary>
/// What no client library sends, over real sockets and against a process of its own: it is answered by an ERROR that
/// names the cause, costs little, and nobody else notices.
/// </summary>
public sealed class BadStompTests(BrokerFixture fixture) : IAsyncLifetime
{
    private const int TimeLimitMs = 180_000;
    private const string Host = "127.0.0.1";

    private readonly BrokerProcess _broker = BrokerProcess.InTemporaryDirectory();
    private readonly List<StompSocket> _sockets = [];
    private Bystander? _bystander;
    private int _port;

    public async ValueTask InitializeAsync()
    {
        fixture.SkipUnlessOwned();
        int amqpPort = _broker.PortOf("amqp");
        _port = _broker.PortOf("stomp");
        await _broker.StartAsync();
        _bystander = await Bystander.StartAsync(amqpPort);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (StompSocket socket in _sockets)
            socket.Dispose();
        if (_bystander is not null)
            await _bystander.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Every_kind_of_nonsense_is_answered_by_its_name()
    {
        (string Bytes, string Message)[] cases =
        [
            ("HELLO\n\n\0", "Bad command"),
            (new string('A', 100_000), "Bad command"),
            ("SEND\nno header\n\n\0", "Malformed frame"),
            ("SEND\ndestination:/queue/a\0\n\n\0", "Malformed frame"),
            ("SEND\ndestination:/queue/\\x\n\n\0", "Malformed frame"),
            ("SEND\ncontent-length:-5\n\n\0", "Invalid header"),
            ("SEND\ncontent-length:18446744073709551617\n\n\0", "Invalid header"),
            ("SEND\ncontent-length:2147483647\n\n\0", "Frame too large"),
            ("SEND\n" + string.Concat(Enumerable.Range(0, 101).Select(i => $"h{i}:x\n")) + "\n\0", "Frame too large"),
            ("SEND\nh:" + new string('x', 70_000), "Frame too large"),
            ("SEND\ndestination:/queue/" + new string('q', 256) + "\n\n\0", "Invalid destination"),
            ("SEND\ndestination:/queue/%FF%FE\n\n\0", "Invalid destination"),
            ("SUBSCRIBE\nid:" + new string('i', 2_000) + "\ndestination:/queue/a\n\n\0", "Invalid header"),
            ("SEND\nreceipt:" + new string('r', 2_000) + "\ndestination:/queue/a\n\n\0", "Invalid header"),
            ("ACK\nid:\n\n\0", "Message not found"),
            ("ACK\nid:../../etc/passwd\n\n\0", "Message not found"),
            ("COMMIT\ntransaction:\n\n\0", "Bad transaction"),
            ("SUBSCRIBE\nid:1\ndestination:/queue/a\nx-queue-type:stream\n\n\0", "not_implemented"),
            ("BEGIN\ntransaction:1\n\nbody\0", "Malformed frame"),
        ];
        foreach ((string bytes, string message) in cases)
        {
            using StompSocket socket = await StompSocket.OpenAsync(Host, _port);
            await socket.TrySendAsync(Encoding.UTF8.GetBytes(bytes));
            string answer = await socket.ReadToEndAsync();
            Assert.True(
                answer.StartsWith($"ERROR\nmessage:{message}\n", StringComparison.Ordinal),
                $"{bytes[..Math.Min(bytes.Length, 60)]} was answered by {answer}");
        }

        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task The_error_arrives_although_the_client_is_still_sending()
    {
        using StompSocket socket = await StompSocket.OpenAsync(Host, _port);
        await socket.SendAsync("SEND\ndestination:/queue/a\nreceipt:big\ncontent-length:8000000\n\n");
        await socket.TrySendAsync(new byte[2_000_000]);
        string answer = await socket.ReadToEndAsync();
        Assert.StartsWith("ERROR\nmessage:Frame too large\nreceipt-id:big\n", answer, StringComparison.Ordinal);
        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Who_has_not_logged_in_is_lent_no_memory()
    {
        using StompSocket socket = await ConnectAsync();
        await socket.TrySendAsync("SEND\ndestination:/queue/a\ncontent-length:4000000\n\nxxxx"u8.ToArray());
        string answer = await socket.ReadToEndAsync();
        Assert.StartsWith("ERROR\nmessage:Illegal command\n", answer, StringComparison.Ordinal);
        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Announced_bodies_cost_nothing_before_they_come()
    {
        const int ConnectionCount = 200;
        long before = _broker.ResidentBytes;
        for (int i = 0; i < ConnectionCount; i++)
        {
            StompSocket socket = await StompSocket.OpenAsync(Host, _port);
            _sockets.Add(socket);
            await socket.SendAsync("SEND\ndestination:/queue/a\ncontent-length:4000000\n\nx");
        }

        await _bystander!.CheckAsync();
        long perConnection = (_broker.ResidentBytes - before) / ConnectionCount;
        Assert.True(perConnection < 300 * 1024, $"A connection that announces 4 MB takes {perConnection} bytes.");
        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Frames_may_come_byte_by_byte()
    {
        using StompSocket socket = await StompSocket.OpenAsync(Host, _port);
        byte[] frames = Encoding.UTF8.GetBytes(
            "SUBSCRIBE\r\nid:0\r\ndestination:/queue/drip\r\n\r\n\0\r\n" +
            "SEND\ndestination:/queue/drip\ncontent-length:3\n\na\0b\0");
        foreach (byte one in frames)
            await socket.SendAsync([one]);
        string message = await socket.ReadFrameAsync();
        Assert.Contains("destination:/queue/drip\n", message, StringComparison.Ordinal);
        Assert.EndsWith("\n\na", message, StringComparison.Ordinal);
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Connections_that_never_say_connect_are_cut_off()
    {
        for (int i = 0; i < 50; i++)
        {
            StompSocket socket = await ConnectAsync();
            await socket.SendAsync("CONNECT\nlogin:guest\n"[..(i % 20)]);
        }

        await Task.WhenAll(_sockets.Select(socket => socket.ReadToEndAsync()));
        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Noise_of_any_kind_ends_no_more_than_its_connection()
    {
        var random = new Random(61613);
        string[] words =
        [
            "SEND", "SUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT", "ABORT", "UNSUBSCRIBE", "\n", "\n\n", "\0", "\r\n",
            ":", "destination:/queue/noise", "destination:/topic/#", "id:1", "transaction:t", "content-length:9",
            "ack:client", "receipt:r", "x", "\\", "\\c", "é", "x-message-ttl:1", "reply-to:/temp-queue/t",
        ];
        for (int i = 0; i < 300; i++)
        {
            using StompSocket socket = await StompSocket.OpenAsync(Host, _port, i % 2 == 0 ? "1.0" : "1.2");
            var noise = new StringBuilder();
            for (int word = 0; word < 40; word++)
                noise.Append(words[random.Next(words.Length)]).Append(random.Next(3) == 0 ? "" : "\n");
            await socket.TrySendAsync(Encoding.UTF8.GetBytes(noise.ToString()));
        }

        await CheckUnmovedAsync();
    }

    private async Task<StompSocket> ConnectAsync()
    {
        StompSocket socket = await StompSocket.ConnectAsync(Host, _port);
        _sockets.Add(socket);
        return socket;
    }

    /// <summary>The well-behaved client goes on, and the broker has logged no error.</summary>
    private async Task CheckUnmovedAsync()
    {
        await _bystander!.CheckAsync();
        Assert.Empty(_broker.TakeErrors());
    }
}
