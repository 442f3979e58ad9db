using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Formats;

/// <summary>The formats that the broker can read.</summary>
public sealed class MessageFormats
{
    private readonly IMessageFormat?[] _formats = new IMessageFormat?[256];

    public MessageFormats() => Register(new BrokerFormat());

    /// <summary>Registers a format; once per format, before messages of it come.</summary>
    public void Register(IMessageFormat format) => _formats[(byte)format.Format] = format;

    /// <summary>
    /// Reads a message into the canonical form, as a consumer is to see it: with the story of its deaths, and without
    /// the expiration that the first of them took away. Any thread.
    /// </summary>
    /// <param name="message">A message of any format.</param>
    /// <param name="into">Emptied first.</param>
    public void Read(in MessageView message, MessageProperties into)
    {
        into.Clear();
        into.IsPersistent = message.IsPersistent;
        For(message.Format).ReadProperties(message, into);
        if ((message.Flags & MessageFlags.ExpirationRemoved) != 0)
            into.ExpirationMs = null;
        if (!message.Annotations.IsEmpty)
            DeathHeaders.AddTo(into, message);
    }

    /// <summary>
    /// Reads a message on its way to a consumer: also with the counters of a quorum queue, which shows them.
    /// </summary>
    /// <inheritdoc cref="Read(in MessageView, MessageProperties)"/>
    public void Read(in DeliveredMessage delivered, MessageProperties into)
    {
        Read(delivered.Message, into);
        if (!ShowsCounters(delivered))
            return;
        if (delivered.Counters.DeliveryCount > 0)
            into.AddHeader("x-delivery-count"u8, delivered.Counters.DeliveryCount);
        if (delivered.Counters.AcquiredCount > 0)
            into.AddHeader("x-acquired-count"u8, delivered.Counters.AcquiredCount);
    }

    /// <summary>
    /// Whether a consumer that speaks the message's own protocol is to see its properties byte for byte: the broker has
    /// nothing to add (deaths, counters) and nothing to take away (an expiration).
    /// </summary>
    public static bool IsAsItCame(in DeliveredMessage delivered) =>
        delivered.Message.Annotations.IsEmpty
        && (delivered.Message.Flags & MessageFlags.ExpirationRemoved) == 0
        && (delivered.Counters == default || !ShowsCounters(delivered));

    /// <summary>Whether properties of this format can be read: a protocol that is not loaded has not registered its
    /// own.</summary>
    internal bool Knows(PropertyFormat format) => format == PropertyFormat.None || _formats[(byte)format] is not null;

    internal IMessageFormat For(PropertyFormat format) => _formats[(byte)format] ?? PlainFormat.Instance;

    // Classic queues count too, for delivery limits set on them, but do not show it, as in RabbitMQ.
    private static bool ShowsCounters(in DeliveredMessage delivered) =>
        delivered.Queue.Definition.Settings.Type == QueueType.Quorum;

    /// <summary>
    /// Messages without properties, or of a protocol that is not loaded: nothing is known beyond the envelope.
    /// </summary>
    private sealed class PlainFormat : CanonicalFormat
    {
        public static readonly PlainFormat Instance = new();

        public override PropertyFormat Format => PropertyFormat.None;

        public override void ReadProperties(in MessageView message, MessageProperties into)
        {
        }
    }
}
