using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <content>Declaring and deleting exchanges.</content>
public sealed partial class VirtualHostCatalog
{
    /// <summary>Makes an exchange, or finds the one that is there and is what was asked for.</summary>
    /// <param name="name">Without line breaks, which are taken out.</param>
    /// <param name="type">`direct`, `fanout`, `topic`, `headers` or `x-delayed-message`; ignored if passive.</param>
    /// <param name="passive">Only find it; nothing else is compared.</param>
    /// <param name="durable">Survives a restart.</param>
    /// <param name="autoDelete">Goes with the last binding that starts at it.</param>
    /// <param name="isInternal">Clients cannot publish to it.</param>
    /// <param name="arguments">`alternate-exchange`, `x-delayed-type`; others are kept.</param>
    public CatalogOutcome DeclareExchange(
        string name, string type, bool passive, bool durable, bool autoDelete, bool isInternal, FieldTable arguments)
    {
        name = CatalogNames.WithoutLineBreaks(name);
        if (passive)
            return FindExchange(name);
        if (!ExchangeTypes.TryParse(type, out var parsedType))
            return CatalogErrors.UnknownExchangeType(type);
        if (name.Length == 0)
            return CatalogErrors.DefaultExchange();

        var what = CatalogErrors.Exchange(name, Name);
        var argumentError = ExchangeArguments.Parse(arguments, what, out var alternateExchange)
            ?? ExchangeArguments.CheckDelayedType(parsedType, arguments);
        var definition = new ExchangeDefinition(
            name, parsedType, durable, autoDelete, isInternal, arguments, alternateExchange);
        if (TryGetExchange(name, out var exchange))
        {
            return ArgumentEquivalence.Check(exchange, definition, what) is { } difference
                ? difference
                : CatalogOutcome.Unchanged with { Exchange = exchange };
        }

        if ((CheckNewName("exchange", name) ?? argumentError ?? CheckArguments(arguments, what)) is { } error)
            return error;
        if (_declaredExchangeCount >= _limits.ExchangesMax)
            return CatalogErrors.ExchangeLimit(what, _limits.ExchangesMax);

        var edit = new CatalogEdit();
        exchange = AddExchange(definition);
        edit.Record(durable, new ExchangeDeclared(definition));
        MarkChanged();
        return edit.ToOutcome(exchange: exchange);
    }

    /// <summary>
    /// Deletes an exchange with every binding from and to it, and the messages that it delays. Succeeds if it is not
    /// there.
    /// </summary>
    /// <param name="name">Not a predeclared one.</param>
    /// <param name="ifUnused">Refuse while bindings start at it.</param>
    public CatalogOutcome DeleteExchange(string name, bool ifUnused)
    {
        name = CatalogNames.WithoutLineBreaks(name);
        var what = CatalogErrors.Exchange(name, Name);
        if (name.Length == 0)
            return CatalogErrors.DefaultExchange();
        if (CatalogNames.IsReserved(name))
            return CatalogErrors.SystemExchange(what);
        if (!TryGetExchange(name, out var exchange))
            return CatalogOutcome.Unchanged;
        if (ifUnused && exchange.Bindings.Count > 0)
            return CatalogErrors.InUse(what);

        var edit = new CatalogEdit();
        DropExchange(exchange, edit);
        DropBereft(edit);
        MarkChanged();
        return edit.ToOutcome(exchange: exchange);
    }

    /// <summary>A policy says where messages go that no binding of the exchange matches; null: none does.</summary>
    public void SetPolicyAlternate(Exchange exchange, string? alternateExchange)
    {
        exchange.SetPolicyAlternate(alternateExchange);
        MarkChanged();
    }

    private CatalogOutcome FindExchange(string name)
    {
        if (name.Length == 0)
            return CatalogErrors.DefaultExchange();
        return TryGetExchange(name, out var exchange)
            ? CatalogOutcome.Unchanged with { Exchange = exchange }
            : ExchangeNotFound(name);
    }

    private Exchange AddExchange(ExchangeDefinition definition)
    {
        definition = definition with { Arguments = _tables.Intern(definition.Arguments) };
        var exchange = new Exchange(definition, Router.Create(definition.RoutesAs));
        exchange.DelayQueue = _delayQueues.GetValueOrDefault(exchange.Name);
        _exchanges.Set(exchange.NameBytes, exchange);
        _declaredExchangeCount++;
        Watcher?.Added(exchange);
        return exchange;
    }

    private void DropExchange(Exchange exchange, CatalogEdit edit)
    {
        _exchanges.Remove(exchange.NameBytes);
        _declaredExchangeCount--;
        if (exchange.DelayQueue is { } delayed)
            DropDelayQueue(delayed, edit);
        edit.Record(exchange.IsDurable, new ExchangeDeleted(exchange.Name));
        DropIncoming(exchange, edit);
        foreach (var binding in exchange.Bindings.ToArray())
            DropBinding(binding, edit);
        Watcher?.Removed(exchange);
    }

    // An exchange that goes takes its bindings along, by which others can lose their last one.
    private void DropBereft(CatalogEdit edit)
    {
        while (edit.Bereft.TryDequeue(out var exchange))
        {
            if (exchange.Bindings.Count == 0 && TryGetExchange(exchange.NameBytes, out var current)
                && ReferenceEquals(current, exchange))
            {
                DropExchange(exchange, edit);
            }
        }
    }

    private CatalogError? CheckNewName(string kind, string name)
    {
        if (CatalogNames.IsReserved(name))
            return CatalogErrors.ReservedPrefix(kind, name);
        return CatalogNames.Fits(name, _limits.NameBytesMax)
            ? null
            : CatalogErrors.TooLong($"{kind} name", _limits.NameBytesMax);
    }

    private CatalogError? CheckArguments(FieldTable arguments, string what)
    {
        if (arguments.Count > _limits.ArgumentCountMax)
            return CatalogErrors.Precondition($"{what} has more than {_limits.ArgumentCountMax} arguments");
        return arguments.Count > 0 && FieldTableCodec.GetContentBytes(arguments) > _limits.ArgumentBytesMax
            ? CatalogErrors.TooLong($"the argument table of {what}", _limits.ArgumentBytesMax)
            : null;
    }
}
