namespace Posthaste.Core.Routing;

/// <summary>What a binding can lead to: a queue or another exchange.</summary>
public abstract class RouteTarget
{
    private protected RouteTarget(string name) => Name = name;

    /// <summary>Unique within its kind and virtual host; at most 255 bytes of UTF-8.</summary>
    public string Name { get; }

    /// <summary>Whether it survives a restart. A binding does if both its ends do.</summary>
    public abstract bool IsDurable { get; }

    /// <summary>Oldest binding that leads here; the others follow by <see cref="Binding.NextIncoming"/>.</summary>
    internal Binding? FirstIncoming { get; private set; }

    private Binding? _lastIncoming;

    /// <summary>
    /// The bindings that lead here, oldest first. Only for whoever serialises the catalog's commands.
    /// </summary>
    public IEnumerable<Binding> IncomingBindings
    {
        get
        {
            for (var binding = FirstIncoming; binding is not null; binding = binding.NextIncoming)
                yield return binding;
        }
    }

    // The list is threaded through the bindings: most queues have none or one, and 100,000 of them should not pay
    // for a collection each.
    internal void LinkIncoming(Binding binding)
    {
        binding.PreviousIncoming = _lastIncoming;
        if (_lastIncoming is null)
            FirstIncoming = binding;
        else
            _lastIncoming.NextIncoming = binding;
        _lastIncoming = binding;
    }

    internal void UnlinkIncoming(Binding binding)
    {
        if (binding.PreviousIncoming is null)
            FirstIncoming = binding.NextIncoming;
        else
            binding.PreviousIncoming.NextIncoming = binding.NextIncoming;

        if (binding.NextIncoming is null)
            _lastIncoming = binding.PreviousIncoming;
        else
            binding.NextIncoming.PreviousIncoming = binding.PreviousIncoming;
        binding.NextIncoming = binding.PreviousIncoming = null;
    }
}
