using System.Globalization;
using System.Text;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Formats;

/// <summary>
/// A format whose every question is answered by its canonical form: all that a protocol without sender-selected
/// distribution has to write is the reader.
/// </summary>
public abstract class CanonicalFormat : IMessageFormat
{
    public abstract PropertyFormat Format { get; }

    public abstract void ReadProperties(in MessageView message, MessageProperties into);

    public bool TryReadHeader(in MessageView message, string name, out FieldValue value)
    {
        var found = Read(message).TryFindHeader(Encoding.UTF8.GetBytes(name), out var view);
        value = found ? view.ToValue() : default;
        return found;
    }

    public IReadOnlyList<byte[]> ReadExtraRoutingKeys(in MessageView message) => [];

    public string? ReadExpiration(in MessageView message) =>
        Read(message).ExpirationMs?.ToString(CultureInfo.InvariantCulture);

    public byte ReadPriority(in MessageView message) => Read(message).Priority ?? 0;

    public virtual ReleasedProperties Release(in MessageView message) => new(null, []);

    private MessageProperties Read(in MessageView message)
    {
        var properties = MessageProperties.ForThisThread;
        properties.Clear();
        ReadProperties(message, properties);
        return properties;
    }
}
