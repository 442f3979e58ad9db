namespace Posthaste.Bench.Operating;

/// <summary>How a broker is operated while its hot path is measured.</summary>
/// <param name="Name">What tables call it.</param>
/// <param name="Description">For people.</param>
internal sealed record OperatingMode(string Name, string Description)
{
    /// <summary>The first mode: the others' costs are relative to it.</summary>
    public static OperatingMode Plain { get; } = new("plain", "the defaults, nobody looks");

    /// <summary>
    /// All that runs with one build, in order. The second one is the first once more: what it seems to cost says how
    /// much the measurement can be trusted.
    /// </summary>
    public static IReadOnlyList<OperatingMode> All { get; } =
    [
        Plain,
        new("again", "plain once more: the measurement's own error"),
        new("watched", "console, management API and metrics are asked each second") { IsWatched = true },
        new("guarded", "permissions by expressions, topic permissions, policies, limits and quotas")
        {
            IsGuarded = true,
        },
        new("operated", "watched and guarded") { IsWatched = true, IsGuarded = true },
    ];

    /// <summary>Somebody looks at it, by the console, the API and the metrics.</summary>
    public bool IsWatched { get; init; }

    /// <summary>Its user has permissions, policies and limits that have to be looked at.</summary>
    public bool IsGuarded { get; init; }

    public bool NeedsManagement => IsWatched || IsGuarded;

    /// <summary>The modes of these names, in the order of <see cref="All"/>; all of them for no names.</summary>
    public static IReadOnlyList<OperatingMode> Select(IReadOnlyCollection<string> names)
    {
        string? unknown = names.FirstOrDefault(name => All.All(mode => mode.Name != name));
        return unknown is null
            ? [.. All.Where(mode => names.Count == 0 || mode == Plain || names.Contains(mode.Name))]
            : throw new ArgumentException($"there is no mode '{unknown}'; there are {Names}");
    }

    private static string Names => string.Join(", ", All.Select(mode => mode.Name));
}
