using System.Buffers.Binary;
using System.Text;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Stomp;

/// <summary>One subscriber: checks each body's sequence and acknowledges in bulk. One thread.</summary>
/// <param name="connection">An open connection with its subscription.</param>
/// <param name="check">The subscription's check.</param>
/// <param name="ackEvery">Acknowledge, all before included, after so many deliveries; 0 for not at all.</param>
/// <param name="delivered">Counts the checked deliveries.</param>
internal sealed class StompConsumer(StompConnection connection, SequenceCheck check, int ackEvery, Counter delivered)
    : FlowConsumer(connection, delivered)
{
    private int _unackedCount;

    protected override void Take(ByteReceiver input)
    {
        while (StompFrame.TryRead(input.Unread, out StompFrame frame, out int consumed))
        {
            frame.ThrowIfError();
            if (!frame.Command.SequenceEqual("MESSAGE"u8))
            {
                throw new WorkloadException($"the subscriber got {Encoding.UTF8.GetString(frame.Command)}");
            }

            check.Next(BinaryPrimitives.ReadInt64LittleEndian(frame.Body));
            DeliveredCount++;
            _unackedCount++;
            if (ackEvery > 0 && _unackedCount == ackEvery)
            {
                SendAck(frame);
            }

            input.Skip(consumed);
        }
    }

    /// <summary>Acknowledged as they came; the rest of the last bulk ends with the connection.</summary>
    protected override void Acknowledge(bool isLast)
    {
    }

    private void SendAck(in StompFrame frame)
    {
        string id = Encoding.UTF8.GetString(frame.Header("\nack:"u8));
        Connection.Send(Encoding.UTF8.GetBytes($"ACK\nid:{id}\n\n\0"));
        _unackedCount = 0;
    }
}
