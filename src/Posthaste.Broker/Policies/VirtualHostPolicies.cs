using System.Diagnostics.CodeAnalysis;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Queues;
using Posthaste.Core.Catalog;

namespace Posthaste.Broker.Policies;

/// <summary>
/// The policies of a virtual host, durable as its notes. A change takes effect at once on every queue and exchange that
/// it concerns: each holds what its policies make of it, so that messages never ask. Any thread.
/// </summary>
/// <remarks>
/// Commands return null, or why they were refused, for people. What a command has changed is durable once <see
/// cref="MessageBroker.WhenDurableAsync"/> says so.
/// </remarks>
public sealed class VirtualHostPolicies
{
    /// <summary>
    /// Policies of a kind at most. 1,000: each is a regular expression that a declaration's name is held against.
    /// </summary>
    public const int PoliciesMax = 1_000;

    private readonly VirtualHost _host;
    private volatile PolicyBook _book = PolicyBook.Create();
    private bool _isStale;

    internal VirtualHostPolicies(VirtualHost host) => _host = host;

    /// <summary>The policies of a kind, by name.</summary>
    public IEnumerable<Policy> All(PolicyKind kind) => _book[kind].Values;

    public bool TryGet(PolicyKind kind, string name, [NotNullWhen(true)] out Policy? policy) =>
        _book[kind].TryGetValue(name, out policy);

    /// <summary>The policies that count for an exchange.</summary>
    public AppliedPolicies ForExchange(string name) => _book.ForExchange(name);

    /// <summary>Sets a policy, instead of the one of that name.</summary>
    public string? Put(PolicyKind kind, Policy policy)
    {
        lock (_host.Broker.CatalogLock)
        {
            var policies = _book[kind];
            if (policies.Count >= PoliciesMax && !policies.ContainsKey(policy.Name))
                return $"there are {PoliciesMax} policies already";
            var refusal = _host.Notes.Set(PolicyNotes.Key(kind, policy.Name), PolicyNotes.Encode(policy));
            if (NoteRefusals.Explain(refusal) is { } refused) return refused;
            _book = _book.With(kind, policies.SetItem(policy.Name, policy));
            _host.Broker.Events.PolicySet(_host.Name, policy);
            RefreshExchanges();
        }

        RefreshQueues();
        return null;
    }

    /// <summary>Removes a policy; nothing happens if there is none.</summary>
    public string? Remove(PolicyKind kind, string name)
    {
        lock (_host.Broker.CatalogLock)
        {
            var refusal = _host.Notes.Remove(PolicyNotes.Key(kind, name));
            if (NoteRefusals.Explain(refusal) is { } refused) return refused;
            if (_book[kind].ContainsKey(name)) _host.Broker.Events.PolicyCleared(_host.Name, kind, name);
            _book = _book.With(kind, _book[kind].Remove(name));
            RefreshExchanges();
        }

        RefreshQueues();
        return null;
    }

    internal AppliedPolicies ForQueue(QueueDefinition queue) => queue.Settings.DelayedFor is null
        ? _book.ForQueue(queue.Name, queue.Settings.Type)
        : _book.ForNobody();

    /// <summary>An exchange is new. Under the catalog's lock.</summary>
    internal void Refresh(Core.Routing.Exchange exchange)
    {
        if (_book.ForExchange(exchange.Name).AlternateExchange is { } alternate)
            _host.Catalog.SetPolicyAlternate(exchange, alternate);
    }

    /// <summary>Whether what a queue has taken is still how things are.</summary>
    internal bool IsCurrent(AppliedPolicies applied) => ReferenceEquals(applied.Book, _book);

    /// <summary>Recovery has changed notes: they are read when somebody asks next.</summary>
    internal void Invalidate() => _isStale = true;

    /// <summary>While recovering: reads what the notes say by now, if they have changed.</summary>
    internal void CatchUp()
    {
        if (!_isStale) return;
        _isStale = false;
        _book = PolicyNotes.Read(_host.Notes);
    }

    /// <summary>All notes and exchanges are restored. Queues ask by themselves.</summary>
    internal void FinishRecovery()
    {
        CatchUp();
        RefreshExchanges();
    }

    /// <summary>
    /// A queue that is declared meanwhile finds the new policies itself; of two changes at the same time each takes
    /// what is so when its turn comes.
    /// </summary>
    private void RefreshQueues()
    {
        var flushes = FlushSet.ForThisThread;
        foreach (var queue in _host.Catalog.Queues) ((BrokerQueue)queue).RefreshPolicies(flushes);
        flushes.FlushAll();
    }

    private void RefreshExchanges()
    {
        foreach (var exchange in _host.Catalog.Exchanges)
            _host.Catalog.SetPolicyAlternate(exchange, _book.ForExchange(exchange.Name).AlternateExchange);
    }
}
