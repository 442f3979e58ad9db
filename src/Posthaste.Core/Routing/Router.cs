using Posthaste.Core.Catalog;

namespace Posthaste.Core.Routing;

/// <summary>
/// How one exchange finds the targets of a message. Bindings are added and removed by one thread at a time; routing is
/// lock-free from any thread and sees each binding either whole or not at all.
/// </summary>
internal abstract class Router
{
    /// <summary>Whether the routing key decides anything here; else asking once per message is enough.</summary>
    public virtual bool UsesKey => true;

    public abstract void Add(Binding binding);

    public abstract void Remove(Binding binding);

    /// <summary>Reports the targets to <see cref="RouteResult.Reach(RouteTarget)"/>.</summary>
    public abstract void Route(ReadOnlySpan<byte> key, in RouteHeaders headers, RouteResult into);

    public static Router Create(ExchangeType type) => type switch
    {
        ExchangeType.Direct => new DirectRouter(),
        ExchangeType.Fanout => new FanoutRouter(),
        ExchangeType.Topic => new TopicRouter(),
        ExchangeType.Headers => new HeadersRouter(),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not an exchange type"),
    };
}

/// <summary>The key equals the binding's key.</summary>
internal sealed class DirectRouter : Router
{
    private readonly Utf8Map<TargetSet> _targets = new();

    public override void Add(Binding binding)
    {
        if (!_targets.TryGet(binding.KeyBytes, out var targets))
        {
            targets = new TargetSet();
            _targets.Set(binding.KeyBytes, targets);
        }

        targets.Add(binding.Destination);
    }

    public override void Remove(Binding binding)
    {
        if (!_targets.TryGet(binding.KeyBytes, out var targets))
            return;
        targets.Remove(binding.Destination);
        if (targets.IsEmpty)
            _targets.Remove(binding.KeyBytes);
    }

    public override void Route(ReadOnlySpan<byte> key, in RouteHeaders headers, RouteResult into)
    {
        if (_targets.TryGet(key, out var targets))
            into.Reach(targets);
    }
}

/// <summary>Every binding matches.</summary>
internal sealed class FanoutRouter : Router
{
    private readonly TargetSet _targets = new();

    public override bool UsesKey => false;

    public override void Add(Binding binding) => _targets.Add(binding.Destination);

    public override void Remove(Binding binding) => _targets.Remove(binding.Destination);

    public override void Route(ReadOnlySpan<byte> key, in RouteHeaders headers, RouteResult into) =>
        into.Reach(_targets);
}

/// <summary>The default exchange: every queue is reached by its own name, and nothing can be bound.</summary>
internal sealed class QueueNameRouter(Utf8Map<CatalogQueue> queues) : Router
{
    public override void Add(Binding binding) =>
        throw new InvalidOperationException("The default exchange has no bindings.");

    public override void Remove(Binding binding) => Add(binding);

    public override void Route(ReadOnlySpan<byte> key, in RouteHeaders headers, RouteResult into)
    {
        if (queues.TryGet(key, out var queue))
            into.Reach(queue);
    }
}
