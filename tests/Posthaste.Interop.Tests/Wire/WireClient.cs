using System.Buffers.Binary;
using System.Net.Sockets;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Wire;

/// <summary>A message as basic.get-ok, its header frame and its only body frame brought it.</summary>
internal sealed record WireMessage(long Tag, bool Redelivered, byte[] Properties, byte[] Body);

/// <summary>
/// Speaks AMQP 0-9-1 frame by frame, for what no client library sends: malformed frames, wrong states, and methods
/// that the libraries have dropped (immediate, recover). Method ids are the specification's.
/// </summary>
internal sealed class WireClient : IAsyncDisposable
{
    private readonly TcpClient _socket = new() { NoDelay = true };

    /// <summary>channel-max, frame-max and heartbeat as the broker proposed them.</summary>
    public (int ChannelMax, long FrameMax, int HeartbeatSeconds) Tune { get; private set; }

    /// <summary>Connects without sending anything.</summary>
    public static Task<WireClient> ConnectAsync(BrokerFixture broker) => ConnectAsync(broker.Host, broker.Port);

    /// <inheritdoc cref="ConnectAsync(BrokerFixture)"/>
    public static async Task<WireClient> ConnectAsync(string host, int port)
    {
        var client = new WireClient();
        await client._socket.ConnectAsync(host, port);
        return client;
    }

    /// <summary>Connects, completes the handshake as `guest` and opens channel 1.</summary>
    public static Task<WireClient> OpenAsync(BrokerFixture broker) => OpenAsync(broker.Host, broker.Port);

    /// <inheritdoc cref="OpenAsync(BrokerFixture)"/>
    public static async Task<WireClient> OpenAsync(string host, int port)
    {
        WireClient client = await ConnectAsync(host, port);
        await client.StartAsync();
        await client.AuthenticateAsync("PLAIN", "\0guest\0guest"u8.ToArray());
        await client.TuneAsync(client.Tune.ChannelMax, client.Tune.FrameMax);
        await client.SendMethodAsync(0, 10, 40, new WireWriter().ShortString("/").ShortString("").Octet(0));
        await client.ExpectAsync(10, 41);
        await client.OpenChannelAsync(1);
        return client;
    }

    /// <summary>Sends the protocol header and reads connection.start.</summary>
    public async Task StartAsync()
    {
        await SendAsync("AMQP\0\0\x09\x01"u8.ToArray());
        await ExpectAsync(10, 10);
    }

    /// <summary>Sends connection.start-ok and reads connection.tune.</summary>
    public async Task AuthenticateAsync(string mechanism, byte[] response)
    {
        await SendStartOkAsync(mechanism, response);
        WireFrame tune = await ExpectAsync(10, 30);
        Tune = (BinaryPrimitives.ReadUInt16BigEndian(tune.Arguments),
            BinaryPrimitives.ReadUInt32BigEndian(tune.Arguments[2..]),
            BinaryPrimitives.ReadUInt16BigEndian(tune.Arguments[6..]));
    }

    /// <summary>connection.start-ok announcing that a failed login may be answered with connection.close.</summary>
    public Task SendStartOkAsync(string mechanism, byte[] response)
    {
        byte[] capability = new WireWriter().ShortString("authentication_failure_close").Octet('t').Octet(1).ToArray();
        byte[] properties = new WireWriter().ShortString("capabilities").Octet('F').LongBytes(capability).ToArray();
        return SendMethodAsync(0, 10, 11,
            new WireWriter().LongBytes(properties).ShortString(mechanism).LongBytes(response).ShortString("en_US"));
    }

    public Task TuneAsync(int channelMax, long frameMax, int heartbeatSeconds = 0) => SendMethodAsync(
        0, 10, 31, new WireWriter().Short(channelMax).Long(frameMax).Short(heartbeatSeconds));

    public async Task OpenChannelAsync(ushort channel)
    {
        await SendMethodAsync(channel, 20, 10, new WireWriter().ShortString(""));
        await ExpectAsync(20, 11);
    }

    /// <summary>Declares an exchange that accepts no publish from clients, which the .NET client cannot say.</summary>
    public async Task DeclareInternalExchangeAsync(string name, string type)
    {
        const int DurableAndInternal = 0b1010;
        await SendMethodAsync(1, 40, 10, new WireWriter()
            .Short(0).ShortString(name).ShortString(type).Octet(DurableAndInternal).EmptyTable());
        await ExpectAsync(40, 11);
    }

    /// <summary>Declares a queue that lives as long as this connection, and returns its name.</summary>
    public async Task<string> DeclareExclusiveQueueAsync()
    {
        const int Exclusive = 0b100;
        string queue = $"wire.{Guid.NewGuid():N}";
        await SendMethodAsync(1, 50, 10,
            new WireWriter().Short(0).ShortString(queue).Octet(Exclusive).EmptyTable());
        await ExpectAsync(50, 11);
        return queue;
    }

    /// <summary>Publishes one message whose property flags and values are given as bytes.</summary>
    public async Task PublishAsync(string exchange, string routingKey, byte[] properties, byte[] body)
    {
        await SendMethodAsync(1, 60, 40,
            new WireWriter().Short(0).ShortString(exchange).ShortString(routingKey).Octet(0));
        await SendFrameAsync(WireFrame.Header, 1,
            new WireWriter().Short(60).Short(0).LongLong(body.Length).Raw(properties).ToArray());
        await SendFrameAsync(WireFrame.Body, 1, body);
    }

    /// <summary>Gets, without acknowledging, a message that is known to be there and to fit one body frame.</summary>
    public async Task<WireMessage> GetAsync(string queue)
    {
        await SendMethodAsync(1, 60, 70, new WireWriter().Short(0).ShortString(queue).Octet(0));
        WireFrame got = await ExpectAsync(60, 71);
        WireFrame header = (await ReadAsync())!;
        WireFrame body = (await ReadAsync())!;
        return new WireMessage(
            BinaryPrimitives.ReadInt64BigEndian(got.Arguments), got.Arguments[8] == 1, header.Payload[12..],
            body.Payload);
    }

    public Task SendMethodAsync(ushort channel, int classId, int methodId, WireWriter arguments) => SendFrameAsync(
        WireFrame.Method, channel, new WireWriter().Short(classId).Short(methodId).Raw(arguments.ToArray()).ToArray());

    public Task SendFrameAsync(byte type, ushort channel, byte[] payload) =>
        SendAsync(new WireFrame(type, channel, payload).Encode());

    public async Task SendAsync(byte[] bytes) =>
        await _socket.GetStream().WriteAsync(bytes, TestContext.Current.CancellationToken);

    /// <summary>The next frame that is no heartbeat, or null when the broker closed the socket.</summary>
    public async Task<WireFrame?> ReadAsync()
    {
        while (true)
        {
            byte[]? header = await ReadBytesAsync(7);
            if (header is null)
                return null;
            var payload = await ReadBytesAsync((int)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(3)) + 1);
            Assert.NotNull(payload);
            Assert.Equal(WireFrame.End, payload[^1]);
            if (header[0] != WireFrame.Heartbeat)
                return new WireFrame(header[0], BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(1)), payload[..^1]);
        }
    }

    /// <summary>Exactly <paramref name="count"/> bytes, or null when the broker closed the socket first.</summary>
    public async Task<byte[]?> ReadBytesAsync(int count)
    {
        var bytes = new byte[count];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Wait.Deadline);
        try
        {
            int read = await _socket.GetStream().ReadAtLeastAsync(bytes, count, false, limit.Token);
            return read == count ? bytes : null;
        }
        catch (IOException reset) when (reset.InnerException is SocketException)
        {
            return null;
        }
    }

    public async Task<WireFrame> ExpectAsync(int classId, int methodId)
    {
        WireFrame? frame = await ReadAsync();
        Assert.True(frame is not null, $"The broker closed the socket instead of sending {classId}.{methodId}.");
        string explanation = frame.Is(10, 50) || frame.Is(20, 40) ? frame.Reason.ToString() : "";
        Assert.True(frame.Is(classId, methodId),
            $"Expected {classId}.{methodId}, got type {frame.Type} {frame.ClassId}.{frame.MethodId} {explanation}");
        return frame;
    }

    /// <summary>Reads connection.close, checks code and text, and completes the close.</summary>
    public async Task ExpectConnectionErrorAsync(int code, string text)
    {
        WireFrame close = await ExpectAsync(10, 50);
        Assert.Equal((code, text), close.Reason);
        await SendMethodAsync(0, 10, 51, new WireWriter());
        Assert.Null(await ReadAsync());
    }

    /// <summary>Reads channel.close, checks code and text, and completes the close; the connection goes on.</summary>
    public async Task ExpectChannelErrorAsync(int code, string text)
    {
        WireFrame close = await ExpectAsync(20, 40);
        Assert.Equal((code, text), close.Reason);
        await SendMethodAsync(close.Channel, 20, 41, new WireWriter());
        await OpenChannelAsync(close.Channel);
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
