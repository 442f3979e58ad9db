using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Routing;

/// <summary>
/// The headers of a message as a headers exchange asks for them; the protocol that took the message answers.
/// </summary>
public interface IHeaderLookup
{
    /// <summary>Finds the header with exactly this name; the first one if there are several.</summary>
    bool TryGet(string name, out FieldValue value);
}

/// <summary>The headers to route by. The lookup is asked only if a headers exchange is on the way.</summary>
/// <param name="Lookup">Null for a message without headers.</param>
/// <param name="IsDelayOver">The message has been delayed: no exchange on its way delays it again.</param>
public readonly record struct RouteHeaders(IHeaderLookup? Lookup, bool IsDelayOver = false)
{
    /// <summary>No headers.</summary>
    public static RouteHeaders None => default;

    internal bool TryGet(string name, out FieldValue value)
    {
        value = default;
        return Lookup is not null && Lookup.TryGet(name, out value);
    }
}
