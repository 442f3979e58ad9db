using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Formats;

/// <summary>The headers of a message that the broker is about to publish, for headers exchanges.</summary>
internal sealed class TableLookup(FieldTable headers) : IHeaderLookup
{
    public bool TryGet(string name, out FieldValue value) => headers.TryGetValue(name, out value);
}
