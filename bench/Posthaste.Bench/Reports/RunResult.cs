namespace Posthaste.Bench.Reports;

/// <summary>What one run of one workload against one broker gave: its figures, or why it failed.</summary>
internal sealed record RunResult(
    string Workload, string Broker, string Server, int Round, IReadOnlyList<Metric> Metrics, string? Failure);
