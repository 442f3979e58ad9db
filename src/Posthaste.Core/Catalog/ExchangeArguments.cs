using Posthaste.Primitives;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>The arguments of an exchange's declaration that mean something; others are kept and ignored.</summary>
public static class ExchangeArguments
{
    public const string AlternateExchange = "alternate-exchange";

    /// <summary>How an exchange that delays messages routes them.</summary>
    public const string DelayedType = "x-delayed-type";

    /// <summary>Reads the alternate exchange's name, null if there is none; an error if it is no string.</summary>
    internal static CatalogError? Parse(FieldTable arguments, string what, out string? alternateExchange)
    {
        alternateExchange = null;
        return !arguments.TryGetValue(AlternateExchange, out var value) || value.TryGetString(out alternateExchange)
            ? null
            : CatalogErrors.InvalidArgumentType(AlternateExchange, what, value.Type.WireName());
    }

    /// <summary>The error for an exchange that delays messages and does not say how it routes them.</summary>
    internal static CatalogError? CheckDelayedType(ExchangeType type, FieldTable arguments)
    {
        if (type != ExchangeType.DelayedMessage)
            return null;
        if (!arguments.TryGetString(DelayedType, out var name))
            return CatalogErrors.MissingDelayedType();
        if (!ExchangeTypes.TryParse(name, out var inner))
            return CatalogErrors.UnknownExchangeType(name);
        return inner == ExchangeType.DelayedMessage ? CatalogErrors.DelayedTypeOfItself() : null;
    }

    /// <summary>Reads what <see cref="CheckDelayedType"/> has found right.</summary>
    internal static ExchangeType DelayedTypeOf(FieldTable arguments)
    {
        ExchangeType type = default;
        var isKnown = arguments.TryGetString(DelayedType, out var name) && ExchangeTypes.TryParse(name, out type);
        Checks.Require(isKnown);
        return type;
    }
}
