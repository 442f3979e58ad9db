using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Posthaste.Broker.Protocols;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>
/// A client that speaks in packets and in what order it likes: just the codec over a pair of pipes. Every wait has a
/// deadline.
/// </summary>
internal sealed class TestClient : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Pipe _toBroker;
    private readonly Pipe _fromBroker;
    private readonly CancellationTokenSource _hungUp = new();
    private readonly TaskCompletionSource<string> _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<ReceivedPacket> _early = new();
    private bool _isDisposed;
    private ushort _lastPacketId;

    public TestClient(
        MqttHandler handler, MqttVersion version, int blockBytes, long outputBytesMax, CancellationToken stopping)
    {
        Version = version;
        var blocks = new PinnedBlocks(blockBytes);
        _toBroker = new Pipe(new PipeOptions(
            blocks, minimumSegmentSize: blockBytes, pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19,
            useSynchronizationContext: false));
        _fromBroker = new Pipe(new PipeOptions(
            blocks, minimumSegmentSize: blockBytes, pauseWriterThreshold: outputBytesMax,
            resumeWriterThreshold: outputBytesMax / 2, useSynchronizationContext: false));
        var connection = new ProtocolConnection(
            new Duplex(_toBroker.Reader, _fromBroker.Writer), local: null, remote: null, Abort)
        {
            HungUp = _hungUp.Token,
        };
        Served = handler.ServeAsync(connection, stopping);
    }

    public MqttVersion Version { get; }

    /// <summary>Ends when the session has.</summary>
    public Task Served { get; }

    /// <summary>The reason for which the broker cut the transport.</summary>
    public Task<string> Aborted => _aborted.Task.WaitAsync(Deadline);

    /// <summary>Whether the broker has cut the transport.</summary>
    public bool IsAborted => _aborted.Task.IsCompleted;

    /// <summary>Connects; the answer has to be a success.</summary>
    public async Task<ReceivedPacket> OpenAsync(string clientId = "", ConnectOptions? options = null)
    {
        await SendConnectAsync(clientId, options);
        var ack = await ExpectAsync(PacketType.ConnAck);
        Assert.Equal(ReasonCode.Success, ack.Code);
        return ack;
    }

    public Task SendConnectAsync(string clientId, ConnectOptions? options = null)
    {
        options ??= new ConnectOptions();
        return SendAsync(new Connect
        {
            Version = Version,
            ClientId = Encoding.UTF8.GetBytes(clientId),
            CleanStart = options.CleanStart,
            KeepAliveSeconds = options.KeepAliveSeconds,
            HasUserName = options.UserName is not null,
            UserName = Encoding.UTF8.GetBytes(options.UserName ?? ""),
            HasPassword = options.Password is not null,
            Password = Encoding.UTF8.GetBytes(options.Password ?? ""),
            HasWill = options.WillTopic is not null,
            Will = new Will
            {
                Topic = Encoding.UTF8.GetBytes(options.WillTopic ?? ""),
                Payload = Encoding.UTF8.GetBytes(options.WillPayload),
                QoS = options.WillQoS,
                Retain = options.WillRetain,
                Properties = Encode(options.WillProperties),
            },
            Properties = Encode(options.Properties),
        });
    }

    public Task SendAsync<TPacket>(TPacket packet)
        where TPacket : IPacket<TPacket>, allows ref struct
    {
        var bytes = new byte[PacketFrame.GetBytes(packet, Version)];
        PacketFrame.Write(bytes, packet, Version);
        return SendAsync(bytes);
    }

    /// <summary>Sends; without effect when the broker has ended its side.</summary>
    public async Task SendAsync(byte[] bytes) => await _toBroker.Writer.WriteAsync(bytes).AsTask().WaitAsync(Deadline);

    public byte[] PublishBytes(
        string topic, byte[] payload, QoS qos = QoS.AtMostOnce, bool retain = false, ushort packetId = 0,
        bool duplicate = false, params TestProperty[] properties)
    {
        var publish = new Publish
        {
            Topic = Encoding.UTF8.GetBytes(topic),
            Payload = payload,
            QoS = qos,
            Retain = retain,
            Duplicate = duplicate,
            PacketId = qos == QoS.AtMostOnce ? (ushort)0 : packetId,
            Properties = Encode(properties),
        };
        var bytes = new byte[PacketFrame.GetBytes(publish, Version)];
        PacketFrame.Write(bytes, publish, Version);
        return bytes;
    }

    /// <summary>Publishes without waiting for an answer.</summary>
    /// <returns>The packet identifier.</returns>
    public async Task<ushort> SendPublishAsync(
        string topic, string payload, QoS qos = QoS.AtMostOnce, bool retain = false, ushort packetId = 0,
        bool duplicate = false, params TestProperty[] properties)
    {
        if (packetId == 0)
            packetId = ++_lastPacketId;
        await SendAsync(PublishBytes(
            topic, Encoding.UTF8.GetBytes(payload), qos, retain, packetId, duplicate, properties));
        return packetId;
    }

    /// <summary>Publishes, and does its part until the broker has the message.</summary>
    public async Task<ReasonCode> PublishAsync(
        string topic, string payload, QoS qos = QoS.AtMostOnce, bool retain = false,
        params TestProperty[] properties)
    {
        var packetId = await SendPublishAsync(topic, payload, qos, retain, properties: properties);
        switch (qos)
        {
            case QoS.AtLeastOnce:
                return (await ExpectAsync(PacketType.PubAck, packetId)).Code;
            case QoS.ExactlyOnce:
                var received = await ExpectAsync(PacketType.PubRec, packetId);
                if (received.Code.IsFailure())
                    return received.Code;
                await AnswerAsync(PacketType.PubRel, packetId);
                await ExpectAsync(PacketType.PubComp, packetId);
                return received.Code;
            default:
                return ReasonCode.Success;
        }
    }

    public Task AnswerAsync(PacketType type, ushort packetId, ReasonCode code = ReasonCode.Success) =>
        SendAsync(new PublishAnswer { Type = type, PacketId = packetId, Code = code });

    /// <summary>Subscribes; all filters have to be granted.</summary>
    public async Task SubscribeAsync(
        string filter, QoS qos = QoS.AtMostOnce, uint identifier = 0, bool noLocal = false,
        bool retainAsPublished = false, RetainHandling retained = RetainHandling.Send)
    {
        var ack = await SubscribeForAckAsync(filter, qos, identifier, noLocal, retainAsPublished, retained);
        Assert.Equal([(ReasonCode)qos], ack.Codes);
    }

    public async Task<ReceivedPacket> SubscribeForAckAsync(
        string filter, QoS qos = QoS.AtMostOnce, uint identifier = 0, bool noLocal = false,
        bool retainAsPublished = false, RetainHandling retained = RetainHandling.Send)
    {
        var packetId = await SendSubscribeAsync(filter, qos, identifier, noLocal, retainAsPublished, retained);
        return await ExpectAsync(PacketType.SubAck, packetId);
    }

    public async Task<ushort> SendSubscribeAsync(
        string filter, QoS qos = QoS.AtMostOnce, uint identifier = 0, bool noLocal = false,
        bool retainAsPublished = false, RetainHandling retained = RetainHandling.Send)
    {
        var packetId = ++_lastPacketId;
        await SendAsync(SubscribeBytes(packetId, filter, qos, identifier, noLocal, retainAsPublished, retained));
        return packetId;
    }

    public async Task<ReasonCode[]> UnsubscribeAsync(string filter)
    {
        var packetId = ++_lastPacketId;
        var encoded = Encoding.UTF8.GetBytes(filter);
        byte[] filters = [(byte)(encoded.Length >> 8), (byte)encoded.Length, .. encoded];
        await SendAsync(new Unsubscribe { PacketId = packetId, Filters = filters });
        return (await ExpectAsync(PacketType.UnsubAck, packetId)).Codes;
    }

    public Task SendAuthAsync(ReasonCode code, params TestProperty[] properties) =>
        SendAsync(new Auth { Code = code, Properties = Encode(properties) });

    public Task DisconnectAsync(ReasonCode code = ReasonCode.Success, params TestProperty[] properties) =>
        SendAsync(new Disconnect { Code = code, Properties = Encode(properties) });

    /// <summary>Says goodbye and waits until the broker has ended its side.</summary>
    public async Task CloseAsync(ReasonCode code = ReasonCode.Success, params TestProperty[] properties)
    {
        await DisconnectAsync(code, properties);
        await Served.WaitAsync(Deadline);
    }

    /// <summary>Goes away without a word, and waits until the broker has noticed.</summary>
    public async Task HangUpAsync()
    {
        await _toBroker.Writer.CompleteAsync();
        await _hungUp.CancelAsync();
        await Served.WaitAsync(Deadline);
    }

    /// <summary>The next packet; null when the broker has closed its side.</summary>
    public async Task<ReceivedPacket?> ReadAsync()
    {
        while (true)
        {
            var result = await _fromBroker.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
            var read = Scan(result.Buffer, out var used);
            if (read is not null)
            {
                _fromBroker.Reader.AdvanceTo(result.Buffer.GetPosition(used));
                return read;
            }

            _fromBroker.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
                return null;
        }
    }

    /// <summary>
    /// The next packet, which has to be of this type. Messages may come before an answer; they are kept for later.
    /// </summary>
    public async Task<ReceivedPacket> ExpectAsync(PacketType type, ushort? packetId = null)
    {
        if (type == PacketType.Publish && _early.TryDequeue(out var early))
            return early;
        var packet = await ReadAsync();
        while (packet?.Type == PacketType.Publish && type is not (PacketType.Publish or PacketType.PingResp))
        {
            _early.Enqueue(packet);
            packet = await ReadAsync();
        }

        Assert.True(packet is not null, $"{type} expected, but the broker has closed");
        Assert.True(type == packet.Type, $"{type} expected, but got {packet}");
        if (packetId is { } id)
            Assert.Equal(id, packet.PacketId);
        return packet;
    }

    /// <summary>The next message, answered to the end.</summary>
    public async Task<ReceivedPacket> ReceiveAsync()
    {
        var publish = await ExpectAsync(PacketType.Publish);
        if (publish.QoS == QoS.AtLeastOnce)
        {
            await AnswerAsync(PacketType.PubAck, publish.PacketId);
        }
        else if (publish.QoS == QoS.ExactlyOnce)
        {
            await AnswerAsync(PacketType.PubRec, publish.PacketId);
            await ExpectAsync(PacketType.PubRel, publish.PacketId);
            await AnswerAsync(PacketType.PubComp, publish.PacketId);
        }

        return publish;
    }

    /// <summary>Nothing has come before the answer to a ping sent now.</summary>
    public async Task ExpectSilenceAsync()
    {
        Assert.Empty(_early);
        await SendAsync(PacketFrame.PingReq.ToArray());
        await ExpectAsync(PacketType.PingResp);
    }

    /// <summary>
    /// Nothing has come, also not behind what the broker does in its own time: a message published after it all is the
    /// first to come.
    /// </summary>
    public async Task ExpectSilenceAfterFenceAsync(TestClient publisher)
    {
        var fence = $"fence/{Guid.NewGuid()}";
        await SubscribeAsync(fence, QoS.AtLeastOnce);
        await publisher.PublishAsync(fence, "fence", QoS.AtLeastOnce, retain: true);
        await SubscribeAsync(fence, QoS.AtLeastOnce);
        await publisher.PublishAsync(fence, "", QoS.AtLeastOnce, retain: true);
        ReceivedPacket message;
        do
        {
            message = await ReceiveAsync();
            Assert.Equal(fence, message.Topic);
        }
        while (message.Text != "");
        await UnsubscribeAsync(fence);
    }

    /// <summary>The broker closes; a client of MQTT 5 is told why, in its last packet.</summary>
    public async Task ExpectEndAsync(ReasonCode code)
    {
        if (Version == MqttVersion.V5)
        {
            Assert.Equal(code, (await ExpectAsync(PacketType.Disconnect)).Code);
            await _toBroker.Writer.CompleteAsync();
        }

        Assert.Null(await ReadAsync());
        await Served.WaitAsync(Deadline);
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

    /// <summary>Hangs up, once: a test may, and its host does it for all that are left.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await _toBroker.Writer.CompleteAsync();
        await _hungUp.CancelAsync();
        await _fromBroker.Reader.CompleteAsync();
        await Served.WaitAsync(Deadline);
        _hungUp.Dispose();
    }

    private byte[] SubscribeBytes(
        ushort packetId, string filter, QoS qos, uint identifier, bool noLocal, bool retainAsPublished,
        RetainHandling retained)
    {
        var subscription = new Subscription
        {
            Filter = Encoding.UTF8.GetBytes(filter),
            MaximumQoS = qos,
            NoLocal = noLocal,
            RetainAsPublished = retainAsPublished,
            RetainHandling = retained,
        };
        var list = new byte[subscription.Filter.Length + 3];
        subscription.Write(list);
        TestProperty[] properties = identifier == 0
            ? []
            : [TestProperty.Of(PropertyId.SubscriptionIdentifier, identifier)];
        var packet = new Subscribe { PacketId = packetId, Subscriptions = list, Properties = Encode(properties) };
        var bytes = new byte[PacketFrame.GetBytes(packet, Version)];
        PacketFrame.Write(bytes, packet, Version);
        return bytes;
    }

    private ReceivedPacket? Scan(ReadOnlySequence<byte> buffer, out int used)
    {
        var status = PacketScanner.Scan(
            buffer.ToArray(), Version, Packet.BytesMax, out var packet, out used, out var error);
        Assert.True(status != ScanStatus.Error, error.Detail);
        return status == ScanStatus.Complete ? ReceivedPacket.Read(packet, Version) : null;
    }

    private static PropertyList Encode(TestProperty[] properties)
    {
        var writer = new PropertyWriter(new byte[16 + properties.Sum(property =>
            16 + Encoding.UTF8.GetByteCount(property.Name) + property.Value.Length)]);
        foreach (var property in properties)
        {
            if (property.Id == PropertyId.UserProperty)
                writer.UserProperty(Encoding.UTF8.GetBytes(property.Name), property.Value);
            else if (property.Id.Kind() is PropertyKind.Utf8 or PropertyKind.Topic or PropertyKind.Binary)
                writer.Bytes(property.Id, property.Value);
            else
                writer.Number(property.Id, property.Number);
        }

        return writer.List;
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
