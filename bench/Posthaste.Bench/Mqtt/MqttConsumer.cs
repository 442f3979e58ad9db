using System.Buffers.Binary;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Mqtt;

/// <summary>
/// One subscriber: checks each body's sequence and answers QoS 1 with a PUBACK each, all of one receive in one piece.
/// One thread.
/// </summary>
/// <param name="connection">An open connection with its subscription.</param>
/// <param name="checks">One check a topic; the topic ends with its number, as two decimal digits.</param>
/// <param name="delivered">Counts the checked deliveries.</param>
/// <param name="latency">Takes each delivery's stamp, or null.</param>
internal sealed class MqttConsumer(
    MqttConnection connection, SequenceCheck[] checks, Counter delivered, LatencyRecorder? latency = null)
    : FlowConsumer(connection, delivered)
{
    private const int AckBytes = 4;
    private byte[] _acks = new byte[AckBytes * 256];
    private int _ackBytes;

    /// <summary>The topic of a publisher.</summary>
    public static string Topic(int publisher) => $"bench/{publisher:00}";

    protected override void Take(ByteReceiver input)
    {
        while (MqttPacket.TryRead(input.Unread, out MqttPacket packet, out int consumed))
        {
            if (packet.Type != MqttPacket.Publish)
            {
                throw new WorkloadException($"the subscriber got packet type {packet.Type >> 4}");
            }

            Apply(packet);
            input.Skip(consumed);
        }
    }

    protected override void Acknowledge(bool isLast)
    {
        if (_ackBytes > 0)
        {
            Connection.Send(_acks.AsSpan(0, _ackBytes));
            _ackBytes = 0;
        }
    }

    private void Apply(in MqttPacket packet)
    {
        ReadOnlySpan<byte> body = packet.Body;
        int topicEnd = sizeof(ushort) + BinaryPrimitives.ReadUInt16BigEndian(body);
        int topic = ((body[topicEnd - 2] - '0') * 10) + (body[topicEnd - 1] - '0');
        int payload = topicEnd;
        if (packet.QoS > 0)
        {
            payload += sizeof(ushort);
            AddAck(body[topicEnd], body[topicEnd + 1]);
        }

        checks[topic].Next(BinaryPrimitives.ReadInt64LittleEndian(body[payload..]));
        latency?.Record(BinaryPrimitives.ReadInt64LittleEndian(body[(payload + 8)..]));
        DeliveredCount++;
    }

    private void AddAck(byte idHigh, byte idLow)
    {
        if (_ackBytes == _acks.Length)
        {
            Array.Resize(ref _acks, _acks.Length * 2);
        }

        _acks[_ackBytes] = MqttPacket.PubAck;
        _acks[_ackBytes + 1] = 2;
        _acks[_ackBytes + 2] = idHigh;
        _acks[_ackBytes + 3] = idLow;
        _ackBytes += AckBytes;
    }
}
