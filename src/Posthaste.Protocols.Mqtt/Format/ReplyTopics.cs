using System.Buffers;
using Posthaste.Broker.Formats;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Topics;

namespace Posthaste.Protocols.Mqtt.Format;

/// <summary>
/// Where replies go, as a response topic. Any topic is itself, a key of the topic exchange. What other protocols name
/// besides is <c>$reply/</c> and a key of the default exchange: a queue, a requester that waits without one, or, in
/// AMQP's words, another exchange with a key.
/// <code>
///   answers/1                      exchange amq.topic, key answers.1
///   $reply/orders                  exchange "", key orders
///   $reply/amq.reply-to.E.K        exchange E, key K
/// </code>
/// </summary>
internal static class ReplyTopics
{
    public static ReadOnlySpan<byte> Prefix => "$reply/"u8;

    /// <summary>Sets the reply address that a response topic means.</summary>
    public static void ReadAddress(ReadOnlySpan<byte> topic, MessageProperties into)
    {
        if (topic.StartsWith(Prefix))
        {
            into.SetReplyText(topic[Prefix.Length..]);
            return;
        }

        var key = ArrayPool<byte>.Shared.Rent(topic.Length);
        TopicKeys.Swap(topic, key);
        into.ReplyTo = new ReplyAddress(MqttHandler.ExchangeBytes, key.AsSpan(0, topic.Length));
        ArrayPool<byte>.Shared.Return(key);
    }

    /// <summary>
    /// Writes the response topic that an address has; false if no topic can name it, because it is too long or holds
    /// what topics must not hold.
    /// </summary>
    public static bool TryWrite(ReplyAddress address, ArrayBufferWriter<byte> to)
    {
        to.ResetWrittenCount();
        if (address.Exchange.SequenceEqual(MqttHandler.ExchangeBytes))
        {
            TopicKeys.Swap(address.RoutingKey, to.GetSpan(address.RoutingKey.Length + 1));
            to.Advance(address.RoutingKey.Length);
        }
        else
        {
            to.Write(Prefix);
            to.Advance(address.WriteText(to.GetSpan(address.TextBytes + 1)));
        }

        return to.WrittenCount <= Utf8Text.BytesMax && TopicName.IsValid(to.WrittenSpan);
    }
}
