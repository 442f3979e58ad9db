using Posthaste.Broker.Security.Access;
using Posthaste.Core.Policies;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Policies;

/// <summary>Who sets a policy.</summary>
public enum PolicyKind
{
    /// <summary>Users with the tag `policymaker`: whatever a declaration could say.</summary>
    User,

    /// <summary>Administrators: limits that no user's policy gets around.</summary>
    Operator,
}

/// <summary>What queues and exchanges are to be like whose names match. Immutable.</summary>
public sealed class Policy
{
    private readonly AccessPattern _pattern;

    private Policy(string name, AccessPattern pattern, FieldTable definition, int priority, PolicyTarget appliesTo)
    {
        Name = name;
        _pattern = pattern;
        Definition = definition;
        Priority = priority;
        AppliesTo = appliesTo;
    }

    /// <summary>Unique in its virtual host among those of its kind.</summary>
    public string Name { get; }

    /// <summary>A regular expression; it matches anywhere in a name unless it is anchored, and everything if empty.
    /// </summary>
    public string Pattern => _pattern.Text;

    /// <summary>What it says, by keys of <see cref="PolicyKeys"/>.</summary>
    public FieldTable Definition { get; }

    /// <summary>Of those that match the highest counts, and no other.</summary>
    public int Priority { get; }

    public PolicyTarget AppliesTo { get; }

    /// <summary>Checks what a policy is to be.</summary>
    /// <returns>Null, and why not in RabbitMQ's words, if it can't be.</returns>
    public static Policy? TryCreate(
        PolicyKind kind, string name, string pattern, FieldTable definition, int priority, PolicyTarget appliesTo,
        out string fault)
    {
        if (Security.UserStore.CheckName(name, "policy name") is { } wrong)
        {
            fault = wrong;
            return null;
        }

        if (!AccessPattern.TryParse(pattern, out var parsed, out fault))
        {
            fault = $"pattern should be regular expression but is invalid: {fault}";
            return null;
        }

        fault = PolicyKeys.FindFault(definition, kind == PolicyKind.Operator) ?? "";
        return fault.Length > 0 ? null : new Policy(name, parsed, definition, priority, appliesTo);
    }

    internal bool IsForQueue(string name, QueueType type) => AppliesTo switch
    {
        PolicyTarget.Exchanges => false,
        PolicyTarget.ClassicQueues when type != QueueType.Classic => false,
        PolicyTarget.QuorumQueues when type != QueueType.Quorum => false,
        _ => Matches(name) && PolicyKeys.SuitQueues(Definition, type),
    };

    internal bool IsForExchange(string name) =>
        AppliesTo is PolicyTarget.All or PolicyTarget.Exchanges && name.Length > 0 && Matches(name);

    private bool Matches(string name) => Pattern.Length == 0 || _pattern.Matches(name);
}
