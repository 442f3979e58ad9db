using System.Text;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Format;

/// <summary>
/// The headers of a message on its way through a headers exchange; all are texts. Holds a copy: the lookup outlives no
/// buffer.
/// </summary>
internal sealed class HeaderLookup : IHeaderLookup
{
    private readonly byte[] _lines;
    private readonly StompVersion _version;

    private HeaderLookup(byte[] lines, StompVersion version)
    {
        _lines = lines;
        _version = version;
    }

    public static HeaderLookup Of(scoped in StompFrame frame) => new(frame.Headers.ToArray(), frame.Version);

    public bool TryGet(string name, out FieldValue value)
    {
        value = default;
        if (!HeaderLines.TryFind(_lines, HeaderText.Escaped(Encoding.UTF8.GetBytes(name), _version), out var raw))
            return false;
        raw = StompFrame.Trim(raw, _version);
        value = Encoding.UTF8.GetString(_version == StompVersion.V10 ? raw : HeaderText.Unescape(raw));
        return true;
    }
}
