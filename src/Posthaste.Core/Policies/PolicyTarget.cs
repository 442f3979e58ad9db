namespace Posthaste.Core.Policies;

/// <summary>What a policy is for (`apply-to`). Persisted: grow only.</summary>
public enum PolicyTarget : byte
{
    All = 0,
    Queues = 1,
    ClassicQueues = 2,
    QuorumQueues = 3,
    Exchanges = 4,
}

/// <summary>The names of targets in requests and files.</summary>
public static class PolicyTargets
{
    private static readonly (PolicyTarget Target, string Name)[] Names =
    [
        (PolicyTarget.All, "all"),
        (PolicyTarget.Queues, "queues"),
        (PolicyTarget.ClassicQueues, "classic_queues"),
        (PolicyTarget.QuorumQueues, "quorum_queues"),
        (PolicyTarget.Exchanges, "exchanges"),
    ];

    /// <summary>All names, for errors.</summary>
    public static IEnumerable<string> All => Names.Select(static item => item.Name);

    public static string WireName(this PolicyTarget target) => Names.First(item => item.Target == target).Name;

    /// <summary>Finds the target of that name; false for unknown ones.</summary>
    public static bool TryParse(string name, out PolicyTarget target)
    {
        var found = Array.FindIndex(Names, item => item.Name == name);
        target = found < 0 ? default : Names[found].Target;
        return found >= 0;
    }
}
