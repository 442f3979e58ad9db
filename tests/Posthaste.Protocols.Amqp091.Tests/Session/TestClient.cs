using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Posthaste.Broker.Protocols;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>A frame that the broker sent.</summary>
internal sealed record ReceivedFrame(FrameType Type, ushort Channel, byte[] Payload)
{
    public MethodId Method => Type == FrameType.Method ? MethodIds.Read(Payload) : MethodId.None;
}

/// <summary>A method with the content that came behind it.</summary>
internal sealed record ReceivedContent(byte[] Method, byte[] Properties, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public BasicProperties Decoded =>
        BasicProperties.TryDecode(Properties, out var decoded) ? decoded : throw new InvalidDataException();
}

/// <summary>
/// A client that speaks in frames and in what order it likes: just the codec over a pair of pipes. Every wait has a
/// deadline.
/// </summary>
internal sealed class TestClient : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Pipe _toBroker;
    private readonly Pipe _fromBroker;
    private readonly TaskCompletionSource<string> _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TestClient(Amqp091Handler handler, int blockBytes, long outputBytesMax, CancellationToken stopping)
    {
        var blocks = new PinnedBlocks(blockBytes);
        _toBroker = new Pipe(new PipeOptions(blocks, minimumSegmentSize: blockBytes, useSynchronizationContext: false));
        _fromBroker = new Pipe(new PipeOptions(
            blocks, minimumSegmentSize: blockBytes, pauseWriterThreshold: outputBytesMax,
            resumeWriterThreshold: outputBytesMax / 2, useSynchronizationContext: false));
        var connection = new ProtocolConnection(
            new Duplex(_toBroker.Reader, _fromBroker.Writer), local: null, remote: null, Abort);
        Served = handler.ServeAsync(connection, stopping);
    }

    /// <summary>Ends when the session has.</summary>
    public Task Served { get; }

    /// <summary>The reason for which the broker cut the transport.</summary>
    public Task<string> Aborted => _aborted.Task.WaitAsync(Deadline);

    public int FrameBytesMax { get; private set; } = Frame.MinMaxBytes;

    public async Task OpenAsync(
        FieldTable? clientProperties = null, string password = "guest", string virtualHost = "/")
    {
        await SendAsync(ProtocolHeader.Amqp091.ToArray());
        await ExpectAsync(MethodId.ConnectionStart);
        await SendStartOkAsync(clientProperties ?? AllCapabilities, password);
        var tunePayload = await ExpectAsync(MethodId.ConnectionTune);
        Assert.True(ConnectionTune.TryRead(tunePayload, out var tune));
        FrameBytesMax = (int)tune.FrameMax;
        await SendAsync(0, new ConnectionTuneOk
        {
            ChannelMax = tune.ChannelMax,
            FrameMax = tune.FrameMax,
            Heartbeat = tune.Heartbeat,
        });
        await SendAsync(0, new ConnectionOpen { VirtualHost = Encoding.UTF8.GetBytes(virtualHost) });
        await ExpectAsync(MethodId.ConnectionOpenOk);
    }

    public static FieldTable AllCapabilities { get; } =
    [
        new("capabilities", FieldValue.Table(
        [
            new("consumer_cancel_notify", true),
            new("connection.blocked", true),
            new("authentication_failure_close", true),
        ])),
        new("connection_name", "test"),
    ];

    public Task SendStartOkAsync(
        FieldTable clientProperties, string password, string mechanism = "PLAIN")
    {
        return SendAsync(0, new ConnectionStartOk
        {
            ClientProperties = FieldTableCodec.Encode(clientProperties),
            Mechanism = Encoding.UTF8.GetBytes(mechanism),
            Response = Encoding.UTF8.GetBytes($"\0guest\0{password}"),
            Locale = "en_US"u8,
        });
    }

    public async Task OpenChannelAsync(ushort channel)
    {
        await SendAsync(channel, default(ChannelOpen));
        await ExpectAsync(MethodId.ChannelOpenOk, channel);
    }

    public Task SendAsync<TMethod>(ushort channel, TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        var frame = new byte[MethodFrame.GetBytes(method)];
        MethodFrame.Write(frame, channel, method);
        return SendAsync(frame);
    }

    /// <summary>Sends; without effect when the broker has ended its side.</summary>
    public async Task SendAsync(byte[] bytes) => await _toBroker.Writer.WriteAsync(bytes).AsTask().WaitAsync(Deadline);

    public static byte[] PublishFrames(
        ushort channel, string exchange, string key, byte[] body, BasicProperties? properties = null,
        bool mandatory = false,
        int frameBytesMax = 131_072)
    {
        var encoded = (properties ?? new BasicProperties()).Encode();
        var frames = new byte[ContentFrames.GetPublishSize(
            exchange.Length, key.Length, encoded.Length, body.Length, frameBytesMax)];
        ContentFrames.WritePublish(
            frames, channel, Encoding.UTF8.GetBytes(exchange), Encoding.UTF8.GetBytes(key), mandatory, encoded, body,
            frameBytesMax);
        return frames;
    }

    public Task PublishAsync(
        string exchange, string key, string body, BasicProperties? properties = null, bool mandatory = false,
        ushort channel = 1) =>
        SendAsync(PublishFrames(channel, exchange, key, Encoding.UTF8.GetBytes(body), properties, mandatory));

    /// <summary>The next frame; null when the broker has closed its side.</summary>
    public async Task<ReceivedFrame?> ReadAsync()
    {
        while (true)
        {
            var result = await _fromBroker.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
            var bytes = result.Buffer.ToArray();
            var status = FrameScanner.Scan(
                bytes, int.Max(FrameBytesMax, 131_072), out var frame, out var used, out var error);
            Assert.True(status != FrameScanStatus.Error, error.Detail);
            if (status == FrameScanStatus.Complete)
            {
                var received = new ReceivedFrame(frame.Type, frame.Channel, frame.Payload.ToArray());
                _fromBroker.Reader.AdvanceTo(result.Buffer.GetPosition(used));
                return received;
            }

            _fromBroker.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
                return null;
        }
    }

    /// <summary>Reads this many bytes at least and looks at none.</summary>
    public async Task DiscardAsync(int bytes)
    {
        for (var discarded = 0L; discarded < bytes;)
        {
            var result = await _fromBroker.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
            discarded += result.Buffer.Length;
            _fromBroker.Reader.AdvanceTo(result.Buffer.End);
        }
    }

    /// <summary>Raw bytes, as many as the broker sends before it closes its side.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        while (true)
        {
            var result = await _fromBroker.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
            var bytes = result.Buffer.ToArray();
            if (result.IsCompleted)
                return bytes;
            _fromBroker.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>The next frame but heartbeats, which has to be this method.</summary>
    public async Task<byte[]> ExpectAsync(MethodId method, ushort? channel = null)
    {
        var frame = await ReadAsync();
        while (frame?.Type == FrameType.Heartbeat)
            frame = await ReadAsync();
        Assert.True(frame is not null, $"{method.WireName()} expected, but the broker has closed");
        Assert.True(method == frame.Method, $"{method.WireName()} expected, but got {Describe(frame)}");
        if (channel is { } number)
            Assert.Equal(number, frame.Channel);
        return frame.Payload;
    }

    public async Task<ReceivedContent> ExpectContentAsync(MethodId method)
    {
        var payload = await ExpectAsync(method);
        var header = await ReadAsync();
        Assert.Equal(FrameType.Header, header!.Type);
        Assert.True(ContentHeader.TryRead(header.Payload, out var content));
        var properties = content.Properties.ToArray();
        var body = new byte[content.BodyBytes];
        for (var at = 0; at < body.Length;)
        {
            var frame = await ReadAsync();
            Assert.Equal(FrameType.Body, frame!.Type);
            frame.Payload.CopyTo(body, at);
            at += frame.Payload.Length;
        }

        return new ReceivedContent(payload, properties, body);
    }

    public async Task<(ulong Tag, bool Redelivered, string Text)> ExpectDeliveryAsync()
    {
        var content = await ExpectContentAsync(MethodId.BasicDeliver);
        Assert.True(BasicDeliver.TryRead(content.Method, out var deliver));
        return (deliver.DeliveryTag, deliver.Redelivered, content.Text);
    }

    public async Task ExpectChannelCloseAsync(ReplyCode code, string text, ushort channel = 1)
    {
        var payload = await ExpectAsync(MethodId.ChannelClose, channel);
        Assert.True(ChannelClose.TryRead(payload, out var close));
        Assert.Equal(text, Encoding.UTF8.GetString(close.ReplyText));
        Assert.Equal((ushort)code, close.ReplyCode);
    }

    public async Task ExpectConnectionCloseAsync(ReplyCode code, string text)
    {
        var payload = await ExpectAsync(MethodId.ConnectionClose, 0);
        Assert.True(ConnectionClose.TryRead(payload, out var close));
        Assert.Equal(text, Encoding.UTF8.GetString(close.ReplyText));
        Assert.Equal((ushort)code, close.ReplyCode);
        await SendAsync(0, default(ConnectionCloseOk));
        await Served.WaitAsync(Deadline);
    }

    /// <summary>Nothing but heartbeats has come before the answer to a request sent now.</summary>
    public async Task ExpectSilenceAsync(ushort channel = 1)
    {
        await SendAsync(channel, new BasicCancel { ConsumerTag = "nobody"u8 });
        await ExpectAsync(MethodId.BasicCancelOk, channel);
    }

    public async Task DeclareQueueAsync(
        string name, FieldTable? arguments = null, bool durable = false, bool exclusive = false)
    {
        await SendAsync(1, new QueueDeclare
        {
            Queue = Encoding.UTF8.GetBytes(name),
            Durable = durable,
            Exclusive = exclusive,
            Arguments = FieldTableCodec.Encode(arguments ?? FieldTable.Empty),
        });
        await ExpectAsync(MethodId.QueueDeclareOk);
    }

    public async Task ConsumeAsync(
        string queue, string tag = "c", bool noAck = false, ushort channel = 1, FieldTable? arguments = null)
    {
        await SendConsumeAsync(queue, tag, noAck, channel, arguments);
        await ExpectAsync(MethodId.BasicConsumeOk, channel);
    }

    public Task SendConsumeAsync(
        string queue, string tag = "c", bool noAck = false, ushort channel = 1, FieldTable? arguments = null) =>
        SendAsync(channel, new BasicConsume
        {
            Queue = Encoding.UTF8.GetBytes(queue),
            ConsumerTag = Encoding.UTF8.GetBytes(tag),
            NoAck = noAck,
            Arguments = FieldTableCodec.Encode(arguments ?? FieldTable.Empty),
        });

    public async Task SelectConfirmsAsync()
    {
        await SendAsync(1, default(ConfirmSelect));
        await ExpectAsync(MethodId.ConfirmSelectOk);
    }

    public async Task<uint> CountAsync(string queue)
    {
        await SendAsync(1, new QueueDeclare { Queue = Encoding.UTF8.GetBytes(queue), Passive = true });
        var payload = await ExpectAsync(MethodId.QueueDeclareOk);
        Assert.True(QueueDeclareOk.TryRead(payload, out var ok));
        return ok.MessageCount;
    }

    /// <summary>Goes away without a word.</summary>
    public void HangUp() => _toBroker.Writer.Complete();

    public async ValueTask DisposeAsync()
    {
        await _toBroker.Writer.CompleteAsync();
        await _fromBroker.Reader.CompleteAsync();
        await Served.WaitAsync(Deadline);
    }

    private static string Describe(ReceivedFrame frame)
    {
        if (frame.Method == MethodId.ChannelClose && ChannelClose.TryRead(frame.Payload, out var channel))
            return $"channel.close {Encoding.UTF8.GetString(channel.ReplyText)}";
        if (frame.Method == MethodId.ConnectionClose && ConnectionClose.TryRead(frame.Payload, out var connection))
            return $"connection.close {Encoding.UTF8.GetString(connection.ReplyText)}";
        return frame.Type == FrameType.Method ? frame.Method.WireName() : frame.Type.ToString();
    }

    private void Abort(string reason)
    {
        // As a transport does it: both directions end, what was under way is lost.
        _aborted.TrySetResult(reason);
        _toBroker.Writer.Complete();
        _fromBroker.Reader.Complete();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
