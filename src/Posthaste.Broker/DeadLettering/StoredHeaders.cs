using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.DeadLettering;

/// <summary>
/// The headers of a stored message for a headers exchange on its way to the dead letters. Copies the properties: rarely
/// used.
/// </summary>
internal sealed class StoredHeaders : IHeaderLookup
{
    private readonly IMessageFormat _format;
    private readonly PropertyFormat _kind;
    private readonly byte[] _properties;

    public StoredHeaders(IMessageFormat format, in MessageView message)
    {
        _format = format;
        _kind = message.Format;
        _properties = message.Properties.ToArray();
    }

    public bool TryGet(string name, out FieldValue value)
    {
        var message = new MessageView(_kind, MessageFlags.None, 0, default, default, _properties, default);
        return _format.TryReadHeader(in message, name, out value);
    }
}
