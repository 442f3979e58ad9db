using System.Diagnostics.CodeAnalysis;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// The subscriptions of one session: by filter, and by the topics that they match. Shared ones are known by name only:
/// their messages come from the queue of their group. Guarded by the output's gate while a client is connected.
/// </summary>
internal sealed class SubscriptionTable
{
    private readonly Dictionary<string, TopicSubscription> _byFilter = new(StringComparer.Ordinal);
    private readonly FilterTrie _trie = new();
    private readonly Dictionary<string, int> _bindings = new(StringComparer.Ordinal);
    private int _noLocalCount;

    /// <summary>Changes with every change: what was derived from the table before is stale.</summary>
    public int Version { get; private set; }

    public int Count => _byFilter.Count;

    public IReadOnlyCollection<TopicSubscription> All => _byFilter.Values;

    /// <summary>Whether some subscription keeps the client's own messages from it.</summary>
    public bool HasNoLocal => _noLocalCount > 0;

    public bool TryGet(string filter, [NotNullWhen(true)] out TopicSubscription? subscription) =>
        _byFilter.TryGetValue(filter, out subscription);

    /// <summary>Adds a subscription, or replaces the one with the same filter.</summary>
    public void Set(TopicSubscription subscription)
    {
        if (_byFilter.TryGetValue(subscription.Filter, out var replaced) && replaced.NoLocal)
            _noLocalCount--;
        if (subscription.NoLocal)
            _noLocalCount++;
        _byFilter[subscription.Filter] = subscription;
        if (!SharedGroup.IsShared(subscription.Filter))
            _trie.Set(subscription);
        Version++;
    }

    public bool Remove(string filter)
    {
        if (!_byFilter.Remove(filter, out var removed))
            return false;
        if (removed.NoLocal)
            _noLocalCount--;
        if (!SharedGroup.IsShared(filter))
            _trie.Remove(filter);
        Version++;
        return true;
    }

    /// <summary>Adds every subscription that matches the topic name, the shared ones aside.</summary>
    public void Match(ReadOnlySpan<char> topic, List<TopicSubscription> into) => _trie.Match(topic, into);

    /// <summary>
    /// Counts one more filter for a queue's binding; filters that are too long share one.
    /// </summary>
    /// <returns>Whether it is the first, so that the queue has to be bound.</returns>
    public bool AddBinding(string queue, string key)
    {
        var name = $"{queue}\0{key}";
        var count = _bindings.GetValueOrDefault(name);
        _bindings[name] = count + 1;
        return count == 0;
    }

    /// <summary>Counts one filter less.</summary>
    /// <returns>Whether it was the last, so that the binding has to go.</returns>
    public bool RemoveBinding(string queue, string key)
    {
        var name = $"{queue}\0{key}";
        if (!_bindings.TryGetValue(name, out var count))
            return false;
        if (count > 1)
        {
            _bindings[name] = count - 1;
            return false;
        }

        return _bindings.Remove(name);
    }
}
