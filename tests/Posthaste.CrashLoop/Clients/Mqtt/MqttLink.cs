using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Posthaste.Testing;

namespace Posthaste.CrashLoop.Clients.Mqtt;

/// <summary>A connection that speaks MQTT 3.1.1. One reader; any number of writers.</summary>
internal sealed class MqttLink : IDisposable
{
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(30);

    private readonly TcpClient _client = new() { NoDelay = true };
    private readonly SemaphoreSlim _writing = new(1);
    private NetworkStream? _stream;
    private PipeReader? _input;

    private MqttLink()
    {
    }

    /// <summary>Whether the broker says that it kept a session of this client.</summary>
    public bool IsSessionPresent { get; private set; }

    /// <summary>Connects and waits for the broker's consent.</summary>
    public static async Task<MqttLink> ConnectAsync(int port, string clientId, bool isClean)
    {
        var link = new MqttLink();
        try
        {
            using var deadline = new CancellationTokenSource(AnswerDeadline);
            await link._client.ConnectAsync("127.0.0.1", port, deadline.Token);
            link._stream = link._client.GetStream();
            link._input = PipeReader.Create(link._stream);
            await link.SendAsync(MqttPacket.Connect(clientId, isClean));
            MqttPacket answer = await link.ReadAsync(deadline.Token);
            if (answer is not { Type: MqttPacketType.ConnAck, Body: [_, 0] })
                throw new InvalidDataException($"CONNECT was answered by {Convert.ToHexString(answer.Encode())}");
            link.IsSessionPresent = answer.Body[0] == 1;
            return link;
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>Subscribes with this QoS, which must be granted; before anything may be delivered.</summary>
    public async Task SubscribeAsync(string filter, int qos)
    {
        await SendAsync(MqttPacket.Subscribe(filter, qos));
        using var deadline = new CancellationTokenSource(AnswerDeadline);
        MqttPacket answer = await ReadAsync(deadline.Token);
        if (answer.Type != MqttPacketType.SubAck || answer.Body[^1] != qos)
            throw new InvalidDataException($"SUBSCRIBE was answered by {Convert.ToHexString(answer.Encode())}");
    }

    public async Task SendAsync(MqttPacket packet)
    {
        await _writing.WaitAsync();
        try
        {
            await _stream!.WriteAsync(packet.Encode());
        }
        finally
        {
            _writing.Release();
        }
    }

    public async Task<MqttPacket> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            ReadResult result = await _input!.ReadAsync(cancellation);
            ReadOnlySequence<byte> rest = result.Buffer;
            if (MqttPacket.TryRead(ref rest, out MqttPacket packet))
            {
                _input.AdvanceTo(rest.Start);
                return packet;
            }
            if (result.IsCompleted)
                throw new EndOfStreamException("The broker closed the connection.");
            _input.AdvanceTo(rest.Start, rest.End);
        }
    }

    /// <summary>
    /// Says goodbye and waits until the broker has closed the connection: it has then read whatever was sent before.
    /// </summary>
    public async Task DisconnectAsync()
    {
        await SendAsync(MqttPacket.Disconnect());
        using var deadline = new CancellationTokenSource(AnswerDeadline);
        while (true)
        {
            // What still arrives is for the next connection of the session.
            ReadResult result = await _input!.ReadAsync(deadline.Token);
            _input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return;
        }
    }

    public void Dispose() => _client.Dispose();
}
