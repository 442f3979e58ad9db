using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// The publisher confirms of one channel: one `multiple` answers a whole run. Replies that wait come first.
/// </summary>
internal sealed class ChannelConfirms(AmqpOutput output, ReplyQueue replies, ushort channel) : ConfirmWindow(output)
{
    protected override bool TryWrite(ReadOnlySpan<ConfirmRun> runs)
    {
        if (!replies.IsEmpty)
            return false;
        foreach (var (first, last, accepted) in runs)
        {
            if (accepted)
                output.WriteMethod(channel, new BasicAck { DeliveryTag = last, Multiple = last > first });
            else
                output.WriteMethod(channel, new BasicNack { DeliveryTag = last, Multiple = last > first });
        }

        return true;
    }
}
