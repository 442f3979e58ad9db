using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>The arguments of an exchange's declaration that mean something; others are kept and ignored.</summary>
public static class ExchangeArguments
{
    public const string AlternateExchange = "alternate-exchange";

    /// <summary>Reads the alternate exchange's name, null if there is none; an error if it is no string.</summary>
    internal static CatalogError? Parse(FieldTable arguments, string what, out string? alternateExchange)
    {
        alternateExchange = null;
        return !arguments.TryGetValue(AlternateExchange, out var value) || value.TryGetString(out alternateExchange)
            ? null
            : CatalogErrors.InvalidArgumentType(AlternateExchange, what, value.Type.WireName());
    }
}
