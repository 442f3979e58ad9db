using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Posthaste.Interop.Tests.Observability;

/// <summary>A client of MQTT 5 that sends and gets messages with user properties, QoS 1. One thread.</summary>
internal sealed class MqttSocket : IDisposable
{
    private const byte UserProperty = 0x26;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(40);

    private readonly TcpClient _client = new() { NoDelay = true };

    public static async Task<MqttSocket> OpenAsync(int port)
    {
        var socket = new MqttSocket();
        await socket._client.ConnectAsync("127.0.0.1", port);

        // Clean start, keep alive for a minute, no properties, an id of the broker's choice.
        await socket.SendAsync(0x10, [.. Text("MQTT"), 5, 0x02, 0, 60, 0, .. Text("")]);
        await socket.ReadAsync(type: 2);
        return socket;
    }

    public async Task SubscribeAsync(string filter)
    {
        await SendAsync(0x82, [0, 1, 0, .. Text(filter), 1]);
        await ReadAsync(type: 9);
    }

    /// <summary>Publishes, and waits until the broker has taken it over.</summary>
    public async Task PublishAsync(string topic, string body, params (string Name, string Value)[] properties)
    {
        byte[] block =
            [.. properties.SelectMany(pair => (byte[])[UserProperty, .. Text(pair.Name), .. Text(pair.Value)])];
        await SendAsync(
            0x32, [.. Text(topic), 0, 7, .. Length(block.Length), .. block, .. Encoding.UTF8.GetBytes(body)]);
        await ReadAsync(type: 4);
    }

    /// <summary>The user properties of the next message, which is acknowledged.</summary>
    public async Task<Dictionary<string, string>> TakeAsync()
    {
        byte[] packet = await ReadAsync(type: 3);
        int at = 2 + BinaryPrimitives.ReadUInt16BigEndian(packet);
        byte[] id = packet[at..(at + 2)];
        at += 2;
        int end = ReadLength(packet, ref at) + at;
        var properties = new Dictionary<string, string>();
        while (at < end)
        {
            Assert.Equal(UserProperty, packet[at++]);
            string name = ReadText(packet, ref at);
            properties[name] = ReadText(packet, ref at);
        }

        await SendAsync(0x40, id);
        return properties;
    }

    public void Dispose() => _client.Dispose();

    private static byte[] Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }

    private static string ReadText(byte[] packet, ref int at)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at));
        at += 2 + length;
        return Encoding.UTF8.GetString(packet, at - length, length);
    }

    /// <summary>Two bytes are enough for what tests send.</summary>
    private static byte[] Length(int length) =>
        length < 0x80 ? [(byte)length] : [(byte)(length & 0x7f | 0x80), (byte)(length >> 7)];

    private static int ReadLength(byte[] packet, ref int at)
    {
        int length = 0;
        for (int shift = 0; ; shift += 7)
        {
            length |= (packet[at] & 0x7f) << shift;
            if (packet[at++] < 0x80)
                return length;
        }
    }

    private Task SendAsync(byte type, byte[] content)
    {
        byte[] packet = [type, .. Length(content.Length), .. content];
        return _client.GetStream().WriteAsync(packet).AsTask().WaitAsync(Deadline);
    }

    /// <summary>The content of the next packet, which has to be of this type.</summary>
    private async Task<byte[]> ReadAsync(int type)
    {
        Assert.Equal(type, (await ReadBytesAsync(1))[0] >> 4);
        int length = 0;
        byte next = 0x80;
        for (int shift = 0; next >= 0x80; shift += 7)
        {
            next = (await ReadBytesAsync(1))[0];
            length |= (next & 0x7f) << shift;
        }

        return await ReadBytesAsync(length);
    }

    private async Task<byte[]> ReadBytesAsync(int count)
    {
        byte[] bytes = new byte[count];
        await _client.GetStream().ReadExactlyAsync(bytes).AsTask().WaitAsync(Deadline);
        return bytes;
    }
}
