using System.Buffers.Binary;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Mqtt;

/// <summary>PUBACKs: anything else fails the run.</summary>
internal sealed class MqttAnswers(ConfirmWindow? window) : PublisherAnswers(window)
{
    public override void Take(ByteReceiver input)
    {
        while (MqttPacket.TryRead(input.Unread, out MqttPacket packet, out int consumed))
        {
            if (packet.Type != MqttPacket.PubAck)
            {
                throw new WorkloadException($"the publisher got packet type {packet.Type >> 4} instead of a PUBACK");
            }

            ConfirmWindow window = Expect("a PUBACK");
            window.Acknowledge(
                Tag(window, BinaryPrimitives.ReadUInt16BigEndian(packet.Body)), multiple: false);
            input.Skip(consumed);
        }
    }

    // The window is far smaller than the range of ids, so an id names the first message with it from the floor on.
    private static ulong Tag(ConfirmWindow window, ushort id)
    {
        int distance = id - MqttRing.PacketId((long)window.FloorTag - 1);
        return window.FloorTag + (ulong)(distance < 0 ? distance + ushort.MaxValue : distance);
    }
}
