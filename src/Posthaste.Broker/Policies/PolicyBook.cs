using System.Collections.Concurrent;
using System.Collections.Immutable;
using Posthaste.Core.Queues;
using PolicyMap = System.Collections.Immutable.ImmutableSortedDictionary<
    string, Posthaste.Broker.Policies.Policy>;

namespace Posthaste.Broker.Policies;

/// <summary>
/// All policies of a virtual host at one time, and which of them count for whom. Immutable, any thread.
/// </summary>
internal sealed class PolicyBook
{
    private readonly PolicyMap _user;
    private readonly PolicyMap _operators;
    private readonly ImmutableArray<Policy> _userRanked;
    private readonly ImmutableArray<Policy> _operatorsRanked;
    private readonly ConcurrentDictionary<(Policy? User, Policy? Operator), AppliedPolicies> _applied = new();

    private PolicyBook(PolicyMap user, PolicyMap operators)
    {
        _user = user;
        _operators = operators;
        _userRanked = Rank(user);
        _operatorsRanked = Rank(operators);
    }

    public static PolicyBook Create()
    {
        var none = PolicyMap.Empty.WithComparers(StringComparer.Ordinal);
        return new PolicyBook(none, none);
    }

    public PolicyMap this[PolicyKind kind] => kind == PolicyKind.Operator ? _operators : _user;

    public PolicyBook With(PolicyKind kind, PolicyMap policies) => kind == PolicyKind.Operator
        ? new PolicyBook(_user, policies)
        : new PolicyBook(policies, _operators);

    public AppliedPolicies ForQueue(string name, QueueType type) =>
        Apply(policy => policy.IsForQueue(name, type));

    /// <summary>For what no policy is for: queues that only the broker knows of.</summary>
    public AppliedPolicies ForNobody() => Apply(static _ => false);

    public AppliedPolicies ForExchange(string name) => Apply(policy => policy.IsForExchange(name));

    private AppliedPolicies Apply(Func<Policy, bool> isFor)
    {
        var user = _userRanked.FirstOrDefault(isFor);
        var operators = _operatorsRanked.FirstOrDefault(isFor);
        return _applied.GetOrAdd(
            (user, operators), static (key, book) => new AppliedPolicies(book, key.User, key.Operator), this);
    }

    /// <summary>The highest priority first; of equal ones the first by name, so that it is always the same.</summary>
    private static ImmutableArray<Policy> Rank(PolicyMap policies) =>
        [.. policies.Values.OrderByDescending(static policy => policy.Priority)];
}
