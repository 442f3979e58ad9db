using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Formats;

/// <summary>
/// What the broker needs to read of properties that a protocol encoded, after the publisher is gone: for dead-lettering
/// and for headers exchanges. One per <see cref="PropertyFormat"/>; registered by the protocol. Any thread.
/// </summary>
public interface IMessageFormat
{
    PropertyFormat Format { get; }

    /// <summary>Finds an application header by name.</summary>
    bool TryReadHeader(in MessageView message, string name, out FieldValue value);

    /// <summary>
    /// Routing keys beside the message's own that it was published with (`CC`); empty for nearly all.
    /// </summary>
    IReadOnlyList<byte[]> ReadExtraRoutingKeys(in MessageView message);

    /// <summary>The time to live that the publisher gave it, as text in milliseconds; null for none.</summary>
    string? ReadExpiration(in MessageView message);

    byte ReadPriority(in MessageView message);
}

/// <summary>The formats that the broker can read.</summary>
public sealed class MessageFormats
{
    private readonly IMessageFormat?[] _formats = new IMessageFormat?[256];

    /// <summary>Registers a format; once per format, before messages of it come.</summary>
    public void Register(IMessageFormat format) => _formats[(byte)format.Format] = format;

    internal IMessageFormat For(PropertyFormat format) => _formats[(byte)format] ?? PlainFormat.Instance;

    /// <summary>
    /// Messages without properties, or of a protocol that is not loaded: nothing is known beyond the envelope.
    /// </summary>
    private sealed class PlainFormat : IMessageFormat
    {
        public static readonly PlainFormat Instance = new();

        public PropertyFormat Format => PropertyFormat.None;

        public bool TryReadHeader(in MessageView message, string name, out FieldValue value)
        {
            value = default;
            return false;
        }

        public IReadOnlyList<byte[]> ReadExtraRoutingKeys(in MessageView message) => [];

        public string? ReadExpiration(in MessageView message) => null;

        public byte ReadPriority(in MessageView message) => 0;
    }
}
