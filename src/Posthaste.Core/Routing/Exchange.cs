using System.Text;
using Posthaste.Core.Catalog;

namespace Posthaste.Core.Routing;

/// <summary>
/// An exchange and its bindings. Made by <see cref="VirtualHostCatalog"/>; route through that. Properties may be read
/// from any thread; <see cref="Bindings"/> only by whoever serialises the catalog's commands.
/// </summary>
public sealed class Exchange : RouteTarget
{
    private readonly HashSet<Binding> _bindings = [];
    private volatile byte[]? _alternateNameBytes;
    private CatalogQueue? _delayQueue;

    internal Exchange(ExchangeDefinition definition, Router router)
        : base(definition.Name)
    {
        Definition = definition;
        Router = router;
        NameBytes = Encoding.UTF8.GetBytes(definition.Name);
        SetPolicyAlternate(null);
    }

    public ExchangeDefinition Definition { get; }

    public ExchangeType Type => Definition.Type;

    public override bool IsDurable => Definition.Durable;

    /// <summary>Only other exchanges may send to it: a client's publish is refused.</summary>
    public bool Internal => Definition.Internal;

    /// <summary>One of those that are always there: the default exchange and `amq.*`. Cannot be deleted.</summary>
    public bool IsPredeclared => Name.Length == 0 || CatalogNames.IsReserved(Name);

    /// <summary>
    /// Holds its messages that are delayed; null while it never had one. See
    /// <see cref="VirtualHostCatalog.DeclareDelayQueue"/>.
    /// </summary>
    public CatalogQueue? DelayQueue
    {
        get => Volatile.Read(ref _delayQueue);
        internal set => Volatile.Write(ref _delayQueue, value);
    }

    /// <summary>The bindings that start here.</summary>
    public IReadOnlyCollection<Binding> Bindings => _bindings;

    internal Router Router { get; }

    internal byte[] NameBytes { get; }

    /// <summary>
    /// Where messages go that no binding matches: as declared, else as a policy says; null for nowhere.
    /// </summary>
    internal byte[]? AlternateNameBytes => _alternateNameBytes;

    /// <summary>Takes what a policy says about the alternate exchange; what was declared counts more.</summary>
    internal void SetPolicyAlternate(string? name) => _alternateNameBytes =
        (Definition.AlternateExchange ?? name) is { } alternate ? Encoding.UTF8.GetBytes(alternate) : null;

    internal bool TryGetBinding(Binding equal, out Binding? binding) => _bindings.TryGetValue(equal, out binding);

    internal void Add(Binding binding)
    {
        _bindings.Add(binding);
        binding.Destination.LinkIncoming(binding);
        Router.Add(binding);
    }

    internal void Remove(Binding binding)
    {
        Router.Remove(binding);
        binding.Destination.UnlinkIncoming(binding);
        _bindings.Remove(binding);
    }
}
