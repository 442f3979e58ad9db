using System.Buffers.Binary;
using System.Net.Sockets;
using Posthaste.Bench.Load;
using Posthaste.Bench.Mqtt;

namespace Posthaste.Bench.Tests;

public sealed class MqttLoadTests
{
    /// <summary>The octets of the specification's own layout, section 3.3: topic, packet id, payload.</summary>
    [Fact]
    public void Stamped_messages_are_whole_publishes_with_their_id_and_sequence()
    {
        MqttRing ring = new("bench/07", bodyBytes: 16, qos: 1);
        long sequence = 65_530;
        ReadOnlySpan<byte> run = ring.Stamp(sequence, 10, stamp: 77, out int count);
        for (int i = 0; i < count; i++, sequence++)
        {
            Assert.Equal("321C000862656E63682F3037", Convert.ToHexString(run[..12]));
            Assert.Equal(1 + (sequence % 65_535), BinaryPrimitives.ReadUInt16BigEndian(run[12..]));
            Assert.Equal(sequence, BinaryPrimitives.ReadInt64LittleEndian(run[14..]));
            Assert.Equal(77, BinaryPrimitives.ReadInt64LittleEndian(run[22..]));
            run = run[ring.SlotBytes..];
        }

        Assert.True(count > 1 && run.IsEmpty);
    }

    [Fact]
    public void A_length_of_two_bytes_is_written_and_read()
    {
        byte[] packet = MqttPacket.Encode(MqttPacket.Publish, MqttPacket.Text("a"), new byte[125]);
        Assert.Equal("308001000161", Convert.ToHexString(packet.AsSpan(0, 6)));
        for (int bytes = 0; bytes < packet.Length; bytes++)
        {
            Assert.False(MqttPacket.TryRead(packet.AsSpan(0, bytes), out _, out _));
        }

        Assert.True(MqttPacket.TryRead(packet, out MqttPacket read, out int consumed));
        Assert.Equal((packet.Length, 128, MqttPacket.Publish), (consumed, read.Body.Length, read.Type));
    }

    /// <summary>Packet ids start again at 1 behind 65,535; the window goes on.</summary>
    [Fact]
    public void Confirms_find_their_message_when_the_ids_start_again()
    {
        ConfirmWindow window = new(100);
        for (int i = 0; i < 65_530; i++)
        {
            window.Published(1);
            window.Acknowledge((ulong)i + 1, multiple: false);
        }

        window.Published(10);
        Take(window, "40020001", "4002FFFF", "40020002", "40020003", "40020004", "40020005");
        Assert.Equal(4, window.OutstandingCount);
        Assert.Throws<WorkloadException>(() => Take(window, "40020006"));
    }

    private static void Take(ConfirmWindow window, params string[] acks)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen(1);
        Socket near = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        near.Connect(listener.LocalEndPoint!);
        using Socket far = listener.Accept();
        using LoadConnection connection = new(near, 1024);
        byte[] bytes = Convert.FromHexString(string.Concat(acks));
        far.Send(bytes);
        while (connection.Input.Unread.Length < bytes.Length)
        {
            connection.WaitForInput();
        }

        new MqttAnswers(window).Take(connection.Input);
    }
}
