using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <content>Binding and unbinding.</content>
public sealed partial class VirtualHostCatalog
{
    /// <summary>Binds a queue to an exchange. Binding again with the same key and arguments changes nothing.</summary>
    public CatalogOutcome BindQueue(
        string exchange, string queue, string key, FieldTable arguments, ulong connectionId)
    {
        queue = CatalogNames.WithoutLineBreaks(queue);
        return TryGetQueue(queue, out var destination)
            ? Bind(exchange, destination, key, arguments, connectionId)
            : CheckSource(exchange, out _) ?? QueueNotFound(queue);
    }

    /// <summary>Takes a binding away. Succeeds if there is none, or no such queue or exchange.</summary>
    public CatalogOutcome UnbindQueue(
        string exchange, string queue, string key, FieldTable arguments, ulong connectionId)
    {
        TryGetQueue(CatalogNames.WithoutLineBreaks(queue), out var destination);
        return Unbind(exchange, destination, key, arguments, connectionId);
    }

    /// <summary>Binds an exchange to another: what the source gets and the binding matches goes through both.</summary>
    public CatalogOutcome BindExchange(
        string source, string destination, string key, FieldTable arguments, ulong connectionId)
    {
        destination = CatalogNames.WithoutLineBreaks(destination);
        if (destination.Length == 0)
            return CatalogErrors.DefaultExchange();
        return TryGetExchange(destination, out var target)
            ? Bind(source, target, key, arguments, connectionId)
            : CheckSource(source, out _) ?? ExchangeNotFound(destination);
    }

    /// <summary>Takes a binding between exchanges away. Succeeds if there is none, or no such exchange.</summary>
    public CatalogOutcome UnbindExchange(
        string source, string destination, string key, FieldTable arguments, ulong connectionId)
    {
        destination = CatalogNames.WithoutLineBreaks(destination);
        if (destination.Length == 0)
            return CatalogErrors.DefaultExchange();
        TryGetExchange(destination, out var target);
        return Unbind(source, target, key, arguments, connectionId);
    }

    private CatalogOutcome Bind(
        string sourceName, RouteTarget destination, string key, FieldTable arguments, ulong connectionId)
    {
        if (CheckSource(sourceName, out var source) is { } sourceError)
            return sourceError;
        if ((CheckBinding(source!, key, arguments) ?? CheckDestination(destination, connectionId)) is { } error)
            return error;

        var binding = new Binding(source!, destination, key, _tables.Intern(arguments));
        if (source!.TryGetBinding(binding, out _))
            return CatalogOutcome.Unchanged;
        if (BindingCount >= _limits.BindingsMax)
            return CatalogErrors.BindingLimit(Name, _limits.BindingsMax);
        if (_bindingKeyBytes + binding.KeyBytes.Length > _limits.BindingKeyBytesTotalMax)
            return CatalogErrors.BindingBytesLimit(Name, _limits.BindingKeyBytesTotalMax);

        var edit = new CatalogEdit();
        AddBinding(binding);
        edit.Record(binding.IsDurable, new BindingAdded(Describe(binding)));
        MarkChanged();
        return edit.ToOutcome();
    }

    private CatalogOutcome Unbind(
        string sourceName, RouteTarget? destination, string key, FieldTable arguments, ulong connectionId)
    {
        sourceName = CatalogNames.WithoutLineBreaks(sourceName);
        if (sourceName.Length == 0)
            return CatalogErrors.DefaultExchange();
        if (destination is null || !TryGetExchange(sourceName, out var source)
            || !source.TryGetBinding(new Binding(source, destination, key, arguments), out var binding))
        {
            return CatalogOutcome.Unchanged;
        }

        if (CheckDestination(destination, connectionId) is { } locked)
            return locked;
        var edit = new CatalogEdit();
        edit.Record(binding!.IsDurable, new BindingRemoved(Describe(binding)));
        DropBinding(binding, edit);
        DropBereft(edit);
        MarkChanged();
        return edit.ToOutcome();
    }

    private CatalogError? CheckSource(string name, out Exchange? source)
    {
        source = null;
        name = CatalogNames.WithoutLineBreaks(name);
        if (name.Length == 0)
            return CatalogErrors.DefaultExchange();
        return TryGetExchange(name, out source) ? null : ExchangeNotFound(name);
    }

    private CatalogError? CheckDestination(RouteTarget destination, ulong connectionId) =>
        destination is CatalogQueue queue ? CheckExclusive(queue, connectionId) : null;

    private CatalogError? CheckBinding(Exchange source, string key, FieldTable arguments)
    {
        if (!CatalogNames.Fits(key, _limits.BindingKeyBytesMax))
            return CatalogErrors.TooLong("binding key", _limits.BindingKeyBytesMax);
        if (source.Type == ExchangeType.Topic && TopicWords.Count(key) > _limits.BindingWordsMax)
            return CatalogErrors.TooManyWords(_limits.BindingWordsMax);
        if (source.Type == ExchangeType.Headers && !HeadersRouter.TryReadMode(arguments, out _, out _)
            && arguments.TryGetValue(HeadersRouter.MatchArgument, out var mode))
        {
            return CatalogErrors.InvalidMatchMode(mode);
        }

        return CheckArguments(arguments, "binding");
    }

    private void AddBinding(Binding binding)
    {
        binding.Source.Add(binding);
        BindingCount++;
        _bindingKeyBytes += binding.KeyBytes.Length;
        Watcher?.Added(binding);
    }

    // Takes a binding away as part of something larger, whose fact says so: no fact of its own.
    private void DropBinding(Binding binding, CatalogEdit edit)
    {
        binding.Source.Remove(binding);
        BindingCount--;
        _bindingKeyBytes -= binding.KeyBytes.Length;
        if (binding.Source.Definition.AutoDelete)
            edit.Bereft.Enqueue(binding.Source);
        Watcher?.Removed(binding);
    }

    private void DropIncoming(RouteTarget destination, CatalogEdit edit)
    {
        while (destination.FirstIncoming is { } binding)
            DropBinding(binding, edit);
    }

    private static BindingDefinition Describe(Binding binding) => binding.Destination is CatalogQueue queue
        ? new(binding.Source.Name, queue.Id, "", binding.Key, binding.Arguments)
        : new(binding.Source.Name, 0, binding.Destination.Name, binding.Key, binding.Arguments);
}
