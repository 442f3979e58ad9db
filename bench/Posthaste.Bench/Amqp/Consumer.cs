using System.Buffers.Binary;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Amqp;

/// <summary>
/// One consuming connection: scans deliveries, checks each body's sequence and acknowledges in bulk. Its subscriptions
/// share one
/// channel; their consumer tags are their indices, as two decimal digits. One thread.
/// </summary>
/// <param name="connection">An open connection whose channel <see cref="Channel"/> is open and consumes.</param>
/// <param name="checks">One check a subscription.</param>
/// <param name="ackEvery">Acknowledge with multiple=true after so many deliveries; 0 when the broker needs no
/// acknowledgement.</param>
/// <param name="delivered">Counts the checked deliveries.</param>
/// <param name="latency">Takes each delivery's stamp, or null.</param>
internal sealed class Consumer(
    AmqpConnection connection, SequenceCheck[] checks, int ackEvery, Counter delivered, LatencyRecorder? latency = null)
    : FlowConsumer(connection, delivered)
{
    /// <summary>The channel that all subscriptions use.</summary>
    public const ushort Channel = 1;

    private const int AckTagOffset = Frame.PrefixBytes + 4;
    private readonly byte[] _ack = EncodeAck();
    private ulong _deliveryTag;
    private int _unackedCount;
    private int _subscription = -1;
    private long _bodyBytesLeft;
    private bool _bodyIsNew;

    /// <summary>The consumer tag that makes deliveries count for <paramref name="subscription"/>.</summary>
    public static string Tag(int subscription) => subscription.ToString("00");

    /// <summary>Takes one frame of a delivery: method, header, body, in that order.</summary>
    public void Apply(in Frame frame)
    {
        switch (frame.Type)
        {
            case Frame.MethodType when frame.Method == Method.BasicDeliver && _subscription < 0:
                ReadDeliver(frame.Arguments);
                break;
            case Frame.HeaderType when _subscription >= 0 && _bodyBytesLeft == 0:
                _bodyBytesLeft = BinaryPrimitives.ReadInt64BigEndian(frame.Payload[4..]);
                _bodyIsNew = true;
                break;
            case Frame.BodyType when _subscription >= 0 && frame.Payload.Length <= _bodyBytesLeft:
                ReadBody(frame.Payload);
                break;
            case Frame.HeartbeatType:
                break;
            default:
                AmqpConnection.ThrowIfClosed(frame);
                throw new WorkloadException($"the consumer got an unexpected frame of type {frame.Type}");
        }
    }

    protected override void Take(ByteReceiver input)
    {
        while (Frame.TryRead(input.Unread, out Frame frame, out int consumed))
        {
            Apply(frame);
            input.Skip(consumed);
        }
    }

    protected override void Acknowledge(bool isLast)
    {
        if (ackEvery > 0 && _unackedCount >= (isLast ? 1 : ackEvery))
        {
            BinaryPrimitives.WriteUInt64BigEndian(_ack.AsSpan(AckTagOffset), _deliveryTag);
            Connection.Send(_ack);
            _unackedCount = 0;
        }
    }

    private void ReadDeliver(ReadOnlySpan<byte> arguments)
    {
        // consumer-tag shortstr, delivery-tag longlong, redelivered bit, exchange and routing-key shortstr.
        if (arguments[0] != 2)
        {
            throw new WorkloadException("the broker changed a consumer tag");
        }

        _subscription = ((arguments[1] - '0') * 10) + (arguments[2] - '0');
        ulong tag = BinaryPrimitives.ReadUInt64BigEndian(arguments[3..]);
        if (tag != _deliveryTag + 1)
        {
            throw new WorkloadException($"delivery tag {tag} follows {_deliveryTag}");
        }

        _deliveryTag = tag;
    }

    private void ReadBody(ReadOnlySpan<byte> payload)
    {
        if (_bodyIsNew)
        {
            checks[_subscription].Next(BinaryPrimitives.ReadInt64LittleEndian(payload));
            latency?.Record(BinaryPrimitives.ReadInt64LittleEndian(payload[8..]));
            _bodyIsNew = false;
        }

        _bodyBytesLeft -= payload.Length;
        if (_bodyBytesLeft == 0)
        {
            _subscription = -1;
            DeliveredCount++;
            _unackedCount++;
        }
    }

    private static byte[] EncodeAck()
    {
        FrameWriter writer = new();
        writer.BeginMethod(Channel, Method.BasicAck).LongLong(0).Octet(1).EndFrame();
        return writer.Written.ToArray();
    }
}
