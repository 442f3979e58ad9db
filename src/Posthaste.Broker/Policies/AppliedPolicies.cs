using Posthaste.Core.Catalog;
using Posthaste.Core.Policies;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Policies;

/// <summary>
/// The policies that count for something, and what they say together. One object for all that have the same two, so
/// that a queue pays a reference for it. Immutable, any thread.
/// </summary>
public sealed class AppliedPolicies
{
    private volatile Known? _last;

    internal AppliedPolicies(PolicyBook book, Policy? user, Policy? operators)
    {
        Book = book;
        User = user;
        Operator = operators;
        Definition = PolicyKeys.Merge(
            user?.Definition ?? FieldTable.Empty, operators?.Definition ?? FieldTable.Empty);
    }

    /// <summary>The user's policy; null for none.</summary>
    public Policy? User { get; }

    /// <summary>The operator's policy; null for none.</summary>
    public Policy? Operator { get; }

    /// <summary>What both say together: RabbitMQ's `effective_policy_definition`.</summary>
    public FieldTable Definition { get; }

    /// <summary>The state of the virtual host's policies that this is from.</summary>
    internal PolicyBook Book { get; }

    internal bool SameAs(AppliedPolicies other) =>
        ReferenceEquals(User, other.User) && ReferenceEquals(Operator, other.Operator);

    internal string? AlternateExchange =>
        Definition.TryGetString(PolicyKeys.AlternateExchange, out var name) ? name : null;

    /// <summary>How a queue behaves under them. Queues are mostly declared alike, so the last answer is kept.</summary>
    internal QueueSettings SettingsOf(QueueDefinition queue)
    {
        if (Definition.Count == 0) return queue.Settings;
        if (_last is { } last && ReferenceEquals(last.Arguments, queue.Arguments)) return last.Settings;
        var settings = QueueArguments.Under(queue, Definition);
        _last = new Known(queue.Arguments, settings);
        return settings;
    }

    private sealed record Known(FieldTable Arguments, QueueSettings Settings);
}
