using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Formats;

/// <summary>
/// What the broker needs to read of properties that a protocol encoded, after the publisher is gone: for other
/// protocols, for dead-lettering and for headers exchanges. One per <see cref="PropertyFormat"/>; registered by the
/// protocol. Any thread.
/// </summary>
public interface IMessageFormat
{
    PropertyFormat Format { get; }

    /// <summary>
    /// Reads all properties into the canonical form, which is empty but for
    /// <see cref="MessageProperties.IsPersistent"/>.
    /// </summary>
    void ReadProperties(in MessageView message, MessageProperties into);

    /// <summary>Finds an application header by name.</summary>
    bool TryReadHeader(in MessageView message, string name, out FieldValue value);

    /// <summary>
    /// Routing keys beside the message's own that it was published with (`CC`); empty for nearly all.
    /// </summary>
    IReadOnlyList<byte[]> ReadExtraRoutingKeys(in MessageView message);

    /// <summary>The time to live that the publisher gave it, as text in milliseconds; null for none.</summary>
    string? ReadExpiration(in MessageView message);

    byte ReadPriority(in MessageView message);

    /// <summary>
    /// What a message is published with when its delay is over. A format that can change it has the header `x-delay`
    /// negated, as RabbitMQ's plugin does: consumers see that it was delayed, and nobody delays it again.
    /// </summary>
    ReleasedProperties Release(in MessageView message);
}
