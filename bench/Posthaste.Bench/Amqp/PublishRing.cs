using Posthaste.Bench.Load;

namespace Posthaste.Bench.Amqp;

/// <summary>
/// Publishes of AMQP: each is a basic.publish frame, a content header (delivery-mode only) and one body frame. All
/// routing keys
/// have the same length, so all slots have the same size.
/// </summary>
/// <param name="exchange">Where to publish; empty for the default exchange.</param>
/// <param name="routingKeys">Message n has key n modulo their count; all of one length.</param>
/// <param name="bodyBytes">Size of each body, 16 or more.</param>
/// <param name="persistent">Delivery mode 2 instead of 1.</param>
/// <param name="mandatory">Whether an unroutable message is to be returned (which fails the run).</param>
internal sealed class PublishRing(
    string exchange, IReadOnlyList<string> routingKeys, int bodyBytes, bool persistent, bool mandatory = false)
    : MessageRing(Encode(exchange, routingKeys, bodyBytes, persistent, mandatory), numbersMessages: false)
{
    /// <summary>The channel that all publishes name.</summary>
    public const ushort Channel = 1;

    private const ushort ContentClass = 60;
    private const ushort DeliveryModeFlag = 0x1000;

    private static EncodedMessages Encode(
        string exchange, IReadOnlyList<string> routingKeys, int bodyBytes, bool persistent, bool mandatory)
    {
        byte[] body = CreateBody(bodyBytes);
        FrameWriter writer = new();
        int slotBytes = 0;
        int slotCount = 0;
        do
        {
            foreach (string key in routingKeys)
            {
                int start = writer.Length;
                writer.BeginMethod(Channel, Method.BasicPublish)
                    .Short(0).ShortString(exchange).ShortString(key).Octet((byte)(mandatory ? 1 : 0)).EndFrame();
                writer.Begin(Frame.HeaderType, Channel)
                    .Short(ContentClass).Short(0).LongLong((ulong)bodyBytes)
                    .Short(DeliveryModeFlag).Octet((byte)(persistent ? 2 : 1)).EndFrame();
                writer.Begin(Frame.BodyType, Channel).Raw(body).EndFrame();
                slotBytes = writer.Length - start;
                slotCount++;
            }
        }
        while (writer.Length + (slotBytes * routingKeys.Count) <= RingBytesAim);

        return writer.Length == slotBytes * slotCount
            ? new EncodedMessages(writer.Written.ToArray(), slotBytes, slotBytes - 1 - bodyBytes)
            : throw new ArgumentException("routing keys differ in length", nameof(routingKeys));
    }
}
