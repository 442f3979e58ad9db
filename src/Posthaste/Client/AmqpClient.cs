using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Client;

/// <summary>
/// A small AMQP 0-9-1 client for the command line: one connection, one channel, no recovery. It works with any broker
/// of the protocol.
/// <para>
/// One task sends and one receives; until the first <see cref="ReceiveAsync"/> one task does both. Nothing is
/// allocated per message.
/// </para>
/// </summary>
internal sealed partial class AmqpClient : IAsyncDisposable
{
    private const ushort Channel = 1;

    /// <summary>Bytes of a frame at most: RabbitMQ's default, and what most brokers offer.</summary>
    private const int FrameBytesMax = 128 << 10;

    /// <summary>
    /// Bytes received or sent at once: a few dozen small messages a system call, and a frame of the largest size in
    /// two.
    /// </summary>
    private const int BufferBytes = 64 << 10;

    /// <summary>Seconds for a connection to be made and greeted: a broker in good health needs milliseconds.</summary>
    private const int ConnectSecondsMax = 10;

    private readonly AmqpAddress _address;
    private readonly TcpClient _tcp;
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private int _frameBytesMax = Frame.InitialMaxBytes;
    private bool _isClosed;

    private AmqpClient(AmqpAddress address, TcpClient tcp)
    {
        _address = address;
        _tcp = tcp;
        var stream = tcp.GetStream();
        _input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferBytes, leaveOpen: true));
        _output = PipeWriter.Create(
            stream, new StreamPipeWriterOptions(minimumBufferSize: BufferBytes, leaveOpen: true));
    }

    /// <summary>Connects, logs in and opens the channel.</summary>
    /// <param name="name">What the broker's listing of connections shows.</param>
    /// <exception cref="AmqpClientException">
    /// Nobody answers there, or not in this protocol, or the login is refused.
    /// </exception>
    public static async Task<AmqpClient> ConnectAsync(AmqpAddress address, string name, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(ConnectSecondsMax));
        var tcp = new TcpClient { NoDelay = true };
        try
        {
            await tcp.ConnectAsync(address.Host, address.Port, limit.Token);
            var client = new AmqpClient(address, tcp);
            await client.OpenAsync(name, limit.Token);
            return client;
        }
        catch (Exception exception)
        {
            tcp.Dispose();
            throw exception switch
            {
                SocketException => new AmqpClientException(
                    $"can't connect to {address}: {exception.Message}", exception),
                OperationCanceledException when !cancellation.IsCancellationRequested => new AmqpClientException(
                    $"can't connect to {address}: no answer within {ConnectSecondsMax} s", exception),
                _ => exception,
            };
        }
    }

    /// <summary>Makes a queue, or checks that it is as it would be made.</summary>
    public async Task DeclareQueueAsync(string queue, bool isDurable, CancellationToken cancellation)
    {
        Send(new QueueDeclare { Queue = ShortStrings.Encode(queue), Durable = isDurable });
        await CallAsync(MethodId.QueueDeclareOk, cancellation);
    }

    /// <summary>Makes a queue of its own name for this connection alone, gone with it; returns the name.</summary>
    public async Task<string> DeclareOwnQueueAsync(CancellationToken cancellation)
    {
        Send(new QueueDeclare { Exclusive = true, AutoDelete = true });
        var payload = await CallAsync(MethodId.QueueDeclareOk, cancellation);
        if (!QueueDeclareOk.TryRead(payload, out var declared)) throw Malformed();
        return Encoding.UTF8.GetString(declared.Queue);
    }

    public async Task DeleteQueueAsync(string queue, CancellationToken cancellation)
    {
        Send(new QueueDelete { Queue = ShortStrings.Encode(queue) });
        await CallAsync(MethodId.QueueDeleteOk, cancellation);
    }

    public async Task BindAsync(string queue, string exchange, string routingKey, CancellationToken cancellation)
    {
        Send(new QueueBind
        {
            Queue = ShortStrings.Encode(queue),
            Exchange = ShortStrings.Encode(exchange),
            RoutingKey = ShortStrings.Encode(routingKey),
        });
        await CallAsync(MethodId.QueueBindOk, cancellation);
    }

    /// <summary>From here on every publish is confirmed; the first has number 1.</summary>
    public async Task SelectConfirmsAsync(CancellationToken cancellation)
    {
        Send(default(ConfirmSelect));
        await CallAsync(MethodId.ConfirmSelectOk, cancellation);
    }

    /// <summary>Starts deliveries, which <see cref="ReceiveAsync"/> then hands over.</summary>
    /// <param name="prefetchCount">Deliveries not yet acknowledged at most; 0 for acknowledged by being sent.</param>
    public async Task ConsumeAsync(string queue, ushort prefetchCount, CancellationToken cancellation)
    {
        if (prefetchCount > 0)
        {
            Send(new BasicQos { PrefetchCount = prefetchCount });
            await CallAsync(MethodId.BasicQosOk, cancellation);
        }

        // The answer may come behind first deliveries, so whoever receives takes it: a refusal closes the channel.
        Send(new BasicConsume { Queue = ShortStrings.Encode(queue), NoAck = prefetchCount == 0 });
        await FlushAsync(cancellation);
    }

    /// <summary>Puts a message into the output; it is sent with the next flush.</summary>
    public void Publish(
        ReadOnlySpan<byte> exchange,
        ReadOnlySpan<byte> routingKey,
        bool isMandatory,
        ReadOnlySpan<byte> properties,
        ReadOnlySpan<byte> body)
    {
        var bytes = ContentFrames.GetPublishSize(
            exchange.Length, routingKey.Length, properties.Length, body.Length, _frameBytesMax);
        var written = ContentFrames.WritePublish(
            _output.GetSpan(bytes), Channel, exchange, routingKey, isMandatory, properties, body, _frameBytesMax);
        _output.Advance(written);
    }

    /// <summary>Acknowledges a delivery, or all up to it; sent with the next flush.</summary>
    public void Acknowledge(ulong deliveryTag, bool multiple) =>
        Send(new BasicAck { DeliveryTag = deliveryTag, Multiple = multiple });

    /// <summary>Sends what was put into the output.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        try
        {
            await _output.FlushAsync(cancellation);
        }
        catch (IOException exception)
        {
            throw new AmqpClientException($"the connection to {_address} broke: {exception.Message}", exception);
        }
    }

    /// <summary>Closes in the protocol's own words, if the broker still listens.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(ConnectSecondsMax));
            try
            {
                var close = new ConnectionClose { ReplyCode = (ushort)ReplyCode.ReplySuccess, ReplyText = "done"u8 };
                Send(close, channel: 0);
                await FlushAsync(limit.Token);
                await SkipToAsync(MethodId.ConnectionCloseOk, limit.Token);
            }
            catch (Exception exception) when (exception is AmqpClientException or OperationCanceledException)
            {
                // It is gone already: closed, too, and whoever cared has been told.
            }
        }

        _tcp.Dispose();
    }

    private async Task OpenAsync(string name, CancellationToken cancellation)
    {
        await _output.WriteAsync(ProtocolHeader.Amqp091.ToArray(), cancellation);
        await CallAsync(MethodId.ConnectionStart, cancellation);

        Send(StartOk(name), channel: 0);
        var tune = await CallAsync(MethodId.ConnectionTune, cancellation);
        Send(TuneOk(tune), channel: 0);
        Send(new ConnectionOpen { VirtualHost = ShortStrings.Encode(_address.VirtualHost) }, channel: 0);
        await CallAsync(MethodId.ConnectionOpenOk, cancellation);

        Send(default(ChannelOpen));
        await CallAsync(MethodId.ChannelOpenOk, cancellation);
    }

    private ConnectionStartOk StartOk(string name)
    {
        var capabilities = FieldTable.Create(
        [
            new("publisher_confirms", true),
            new("basic.nack", true),
            new("consumer_cancel_notify", true),
            // A refused login is answered with a reason instead of silence.
            new("authentication_failure_close", true),
        ]);
        var properties = FieldTable.Create(
        [
            new("product", "posthaste"),
            new("version", ProductVersion.Text),
            new("connection_name", name),
            new("capabilities", capabilities),
        ]);
        return new ConnectionStartOk
        {
            ClientProperties = FieldTableCodec.Encode(properties),
            Mechanism = "PLAIN"u8,
            Response = Encoding.UTF8.GetBytes($"\0{_address.User}\0{_address.Password}"),
            Locale = "en_US"u8,
        };
    }

    private ConnectionTuneOk TuneOk(ReadOnlySpan<byte> payload)
    {
        if (!ConnectionTune.TryRead(payload, out var offer)) throw Malformed();
        // Zero means no limit of the broker's.
        _frameBytesMax = offer.FrameMax == 0 ? FrameBytesMax : (int)Math.Min(offer.FrameMax, FrameBytesMax);
        // No heartbeats: a command is watched by a person or a script, and TCP notices a dead peer soon enough for it.
        return new ConnectionTuneOk { ChannelMax = offer.ChannelMax, FrameMax = (uint)_frameBytesMax, Heartbeat = 0 };
    }

    private void Send<TMethod>(in TMethod method, ushort channel = Channel)
        where TMethod : IMethod<TMethod>, allows ref struct =>
        _output.Advance(MethodFrame.Write(_output.GetSpan(MethodFrame.GetBytes(method)), channel, method));

    private AmqpClientException Malformed() => new($"{_address} sent something that is not AMQP 0-9-1");
}
