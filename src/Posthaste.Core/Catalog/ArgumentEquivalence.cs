using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>
/// Whether declaring something again asks for what is there: an error names the first difference. Arguments compare by
/// value, not by the width of integers, because clients in different languages encode one number differently.
/// </summary>
internal static class ArgumentEquivalence
{
    public static CatalogError? Check(Exchange exchange, ExchangeDefinition wanted, string what)
    {
        var current = exchange.Definition;
        if (current.Type != wanted.Type)
        {
            return CatalogErrors.Inequivalent(
                "type", what, Quote(wanted.Type.WireName()), Quote(current.Type.WireName()));
        }

        return CheckFlag("durable", current.Durable, wanted.Durable, what)
            ?? CheckFlag("auto_delete", current.AutoDelete, wanted.AutoDelete, what)
            ?? CheckFlag("internal", current.Internal, wanted.Internal, what)
            ?? CheckArgument(ExchangeArguments.AlternateExchange, current.Arguments, wanted.Arguments, what)
            ?? CheckDelayedType(current.Arguments, wanted.Arguments, what);
    }

    public static CatalogError? Check(
        CatalogQueue queue, bool durable, bool autoDelete, FieldTable arguments, string what)
    {
        var current = queue.Definition;
        var error = CheckFlag("durable", current.Durable, durable, what)
            ?? CheckFlag("auto_delete", current.AutoDelete, autoDelete, what);
        if (error is not null || current.Arguments.Equals(arguments))
            return error;

        // What no broker knows is the client's own note: kept as it was first declared, and not compared.
        foreach (var name in QueueArguments.KnownNames)
            error ??= CheckArgument(name, current.Arguments, arguments, what);
        return error;
    }

    // Left out in a redeclaration it is not asked for, as in RabbitMQ.
    private static CatalogError? CheckDelayedType(FieldTable current, FieldTable wanted, string what) =>
        wanted.ContainsKey(ExchangeArguments.DelayedType)
            ? CheckArgument(ExchangeArguments.DelayedType, current, wanted, what)
            : null;

    private static CatalogError? CheckFlag(string name, bool current, bool wanted, string what) => current == wanted
        ? null
        : CatalogErrors.Inequivalent(name, what, wanted ? "'true'" : "'false'", current ? "'true'" : "'false'");

    private static CatalogError? CheckArgument(
        string name, FieldTable currentTable, FieldTable wantedTable, string what)
    {
        var hasCurrent = currentTable.TryGetValue(name, out var current);
        var isWanted = wantedTable.TryGetValue(name, out var wanted);
        if (hasCurrent && isWanted)
        {
            return current.EquivalentTo(wanted)
                ? null
                : CatalogErrors.Inequivalent(name, what, Quote(wanted.ToString()), Quote(current.ToString()));
        }

        if (!hasCurrent && !isWanted)
            return null;

        // Asking for a classic queue is the same as not saying what type of queue.
        var only = hasCurrent ? current : wanted;
        if (name == QueueArguments.Type && only.TryGetString(out var type) && type == QueueArguments.ClassicType)
            return null;
        return CatalogErrors.Inequivalent(
            name, what, isWanted ? Describe(wanted) : "none", hasCurrent ? Describe(current) : "none");
    }

    private static string Describe(FieldValue value) => $"the value '{value}' of type '{value.Type.WireName()}'";

    private static string Quote(string text) => $"'{text}'";
}
