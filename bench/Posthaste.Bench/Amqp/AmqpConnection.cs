using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Amqp;

/// <summary>
/// A blocking AMQP 0-9-1 connection as guest on virtual host "/": the handshake and the calls that prepare a workload.
/// </summary>
internal sealed class AmqpConnection : LoadConnection
{
    private const int FrameBytesMax = 128 * 1024;
    private readonly FrameWriter _writer = new();

    /// <summary>
    /// Wraps a connected socket without a handshake, for calibration against a peer that speaks none.
    /// </summary>
    public AmqpConnection(Socket socket, int receiveBufferBytes)
        : base(socket, receiveBufferBytes)
    {
    }

    /// <summary>Product and version as the broker's server-properties say.</summary>
    public string Server { get; private set; } = "";

    /// <summary>Connects and opens virtual host "/".</summary>
    /// <param name="endPoint">Where the broker listens.</param>
    /// <param name="receiveBufferBytes">Size of the receive buffer; frames are negotiated to half of it at
    /// most.</param>
    /// <param name="source">Source address, for more connections than one address has ports; null for the
    /// default.</param>
    public static AmqpConnection Open(
        IPEndPoint endPoint, int receiveBufferBytes = 256 * 1024, IPAddress? source = null) => Connect(
        endPoint,
        source,
        socket => new AmqpConnection(socket, receiveBufferBytes),
        connection => connection.Handshake((uint)Math.Min(FrameBytesMax, receiveBufferBytes / 2)));

    public void OpenChannel(ushort channel) =>
        Call(Begin(channel, Method.ChannelOpen).ShortString(""), channel, Method.ChannelOpenOk);

    public void SelectConfirms(ushort channel) =>
        Call(Begin(channel, Method.ConfirmSelect).Octet(0), channel, Method.ConfirmSelectOk);

    public void DeclareExchange(ushort channel, string name, string type) => Call(
        Begin(channel, Method.ExchangeDeclare).Short(0).ShortString(name).ShortString(type).Octet(0).Table(),
        channel,
        Method.ExchangeDeclareOk);

    /// <param name="channel">An open channel.</param>
    /// <param name="name">The queue's name.</param>
    /// <param name="durable">Whether it survives a restart.</param>
    /// <param name="queueType">The x-queue-type argument, or null for the broker's default.</param>
    public void DeclareQueue(ushort channel, string name, bool durable, string? queueType)
    {
        AddDeclareQueue(_writer, channel, name, durable, passive: false, queueType);
        Call(channel, Method.QueueDeclareOk);
    }

    public static void AddDeclareQueue(
        FrameWriter writer, ushort channel, string name, bool durable, bool passive, string? queueType = null)
    {
        byte flags = (byte)((passive ? 1 : 0) | (durable ? 2 : 0));
        writer.BeginMethod(channel, Method.QueueDeclare).Short(0).ShortString(name).Octet(flags);
        _ = queueType is null ? writer.Table() : writer.Table(("x-queue-type", queueType));
        writer.EndFrame();
    }

    public void Bind(ushort channel, string queue, string exchange, string bindingKey) => Call(
        Begin(channel, Method.QueueBind)
            .Short(0).ShortString(queue).ShortString(exchange).ShortString(bindingKey).Octet(0).Table(),
        channel,
        Method.QueueBindOk);

    public void SetPrefetch(ushort channel, ushort count) =>
        Call(Begin(channel, Method.BasicQos).Long(0).Short(count).Octet(0), channel, Method.BasicQosOk);

    public void Consume(ushort channel, string queue, string consumerTag, bool autoAck) => Call(
        Begin(channel, Method.BasicConsume)
            .Short(0).ShortString(queue).ShortString(consumerTag).Octet((byte)(autoAck ? 2 : 0)).Table(),
        channel,
        Method.BasicConsumeOk);

    /// <summary>Waits for the next frame; throws when the broker stays silent or closes.</summary>
    public Frame NextFrame()
    {
        while (true)
        {
            if (!Frame.TryRead(Input.Unread, out Frame frame, out int consumed))
            {
                WaitForInput();
                continue;
            }

            Input.Skip(consumed);
            if (frame.Type != Frame.HeartbeatType)
            {
                ThrowIfClosed(frame);
                return frame;
            }
        }
    }

    /// <summary>
    /// Throws what the broker said when <paramref name="frame"/> closes the channel or the connection.
    /// </summary>
    public static void ThrowIfClosed(in Frame frame)
    {
        if (frame.Type == Frame.MethodType && frame.Method is Method.ChannelClose or Method.ConnectionClose)
        {
            ReadOnlySpan<byte> arguments = frame.Arguments;
            ushort code = BinaryPrimitives.ReadUInt16BigEndian(arguments);
            string text = Encoding.UTF8.GetString(arguments.Slice(3, arguments[2]));
            throw new ConnectionException($"the broker closed channel {frame.Channel}: {code} {text}");
        }
    }

    /// <summary>Closes politely.</summary>
    public void Close() => Call(
        Begin(0, Method.ConnectionClose).Short(200).ShortString("done").Short(0).Short(0), 0, Method.ConnectionCloseOk);

    private void Handshake(uint frameBytesMax)
    {
        Send("AMQP\0\0\u0009\u0001"u8);
        ReadOnlySpan<byte> properties = Expect(0, Method.ConnectionStart)[2..];
        string? product = FieldTable.FindString(properties, "product");
        Server = $"{product} {FieldTable.FindString(properties, "version")}".Trim();

        ReadOnlySpan<byte> tune = Call(
            Begin(0, Method.ConnectionStartOk)
                .Table(("product", "posthaste-bench"))
                .ShortString("PLAIN").LongString("\0guest\0guest").ShortString("en_US"),
            0,
            Method.ConnectionTune);
        ushort channelMax = BinaryPrimitives.ReadUInt16BigEndian(tune);
        uint offered = BinaryPrimitives.ReadUInt32BigEndian(tune[2..]);
        uint frameMax = offered == 0 ? frameBytesMax : Math.Min(offered, frameBytesMax);

        // Heartbeats off: a silent peer is found by AnswerTimeout, and the hot loops need no timer.
        Begin(0, Method.ConnectionTuneOk).Short(channelMax).Long(frameMax).Short(0).EndFrame();
        Call(Begin(0, Method.ConnectionOpen).ShortString("/").ShortString("").Octet(0), 0, Method.ConnectionOpenOk);
    }

    private FrameWriter Begin(ushort channel, uint method) => _writer.BeginMethod(channel, method);

    private ReadOnlySpan<byte> Call(FrameWriter writer, ushort channel, uint answer)
    {
        writer.EndFrame();
        return Call(channel, answer);
    }

    private ReadOnlySpan<byte> Call(ushort channel, uint answer)
    {
        Send(_writer.Written);
        _writer.Clear();
        return Expect(channel, answer);
    }

    private ReadOnlySpan<byte> Expect(ushort channel, uint method)
    {
        Frame frame = NextFrame();
        if (frame.Type != Frame.MethodType || frame.Channel != channel || frame.Method != method)
        {
            throw new ConnectionException(
                $"expected method {method >> 16}.{method & 0xFFFF} on channel {channel}, got frame type {frame.Type}");
        }

        return frame.Arguments;
    }
}
