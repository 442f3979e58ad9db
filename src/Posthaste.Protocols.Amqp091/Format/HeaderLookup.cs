using System.Text;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Protocols.Amqp091.Format;

/// <summary>
/// The headers of a message on its way through a headers exchange. Holds a copy: the lookup outlives no buffer.
/// </summary>
internal sealed class HeaderLookup : IHeaderLookup
{
    private readonly byte[] _headers;

    private HeaderLookup(byte[] headers) => _headers = headers;

    /// <summary>Null for a message without headers.</summary>
    public static HeaderLookup? Of(in BasicPropertiesReader properties) =>
        properties.Headers.IsEmpty ? null : new HeaderLookup(properties.Headers.ToArray());

    public bool TryGet(string name, out FieldValue value) => TryGet(_headers, name, out value);

    /// <summary>Finds a header in the content of a table that has been checked.</summary>
    public static bool TryGet(ReadOnlySpan<byte> headers, string name, out FieldValue value)
    {
        Span<byte> key = stackalloc byte[FieldTable.KeyBytesMax];
        value = default;
        if (!Encoding.UTF8.TryGetBytes(name, key, out var bytes)
            || !new FieldTableReader(headers).TryFind(key[..bytes], out var field))
        {
            return false;
        }

        value = field.ToValue();
        return true;
    }
}
