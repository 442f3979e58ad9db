using System.Net;
using System.Net.Sockets;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Mqtt;

/// <summary>A blocking MQTT 3.1.1 connection as guest, without keep-alive.</summary>
internal sealed class MqttConnection(Socket socket, int receiveBufferBytes) : LoadConnection(socket, receiveBufferBytes)
{
    private const byte Level = 4;
    private const byte UserAndPassword = 0xC0;
    private const byte CleanSession = 0x02;
    private const ushort SubscribeId = 1;

    /// <summary>Connects and waits for the session.</summary>
    /// <param name="endPoint">Where the broker listens.</param>
    /// <param name="clientId">The session's name.</param>
    /// <param name="isDurable">Whether the session outlives the connection.</param>
    /// <param name="receiveBufferBytes">Size of the receive buffer.</param>
    /// <param name="source">Source address; null for the default.</param>
    public static MqttConnection Open(
        IPEndPoint endPoint,
        string clientId,
        bool isDurable = false,
        int receiveBufferBytes = 256 * 1024,
        IPAddress? source = null) => Connect(
            endPoint,
            source,
            socket => new MqttConnection(socket, receiveBufferBytes),
            connection => connection.Greet(clientId, isDurable));

    public void Subscribe(string filter, int qos)
    {
        Send(MqttPacket.Encode(
            MqttPacket.Subscribe, [0, (byte)SubscribeId], MqttPacket.Text(filter), [(byte)qos]));
        ReadOnlySpan<byte> body = Expect(MqttPacket.SubAck);
        if (body is not [0, (byte)SubscribeId, var granted] || granted != qos)
        {
            throw new ConnectionException($"the broker granted {Convert.ToHexString(body)} for QoS {qos}");
        }
    }

    /// <summary>Asks for a sign of life and waits for it.</summary>
    public void Ping()
    {
        Send([MqttPacket.PingReq, 0]);
        Expect(MqttPacket.PingResp);
    }

    private void Greet(string clientId, bool isDurable)
    {
        byte flags = (byte)(UserAndPassword | (isDurable ? 0 : CleanSession));
        Send(MqttPacket.Encode(
            MqttPacket.Connect,
            MqttPacket.Text("MQTT"),
            [Level, flags, 0, 0],
            MqttPacket.Text(clientId),
            MqttPacket.Text("guest"),
            MqttPacket.Text("guest")));
        ReadOnlySpan<byte> body = Expect(MqttPacket.ConnAck);
        if (body is not [_, 0])
        {
            throw new ConnectionException($"the broker refused the session: {Convert.ToHexString(body)}");
        }
    }

    private ReadOnlySpan<byte> Expect(byte type)
    {
        MqttPacket packet;
        int consumed;
        while (!MqttPacket.TryRead(Input.Unread, out packet, out consumed))
        {
            WaitForInput();
        }

        if (packet.Type != type)
        {
            throw new ConnectionException($"the broker answered with packet type {packet.Type >> 4}");
        }

        Input.Skip(consumed);
        return packet.Body;
    }
}
