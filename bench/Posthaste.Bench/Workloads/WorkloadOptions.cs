namespace Posthaste.Bench.Workloads;

/// <summary>How long and how much to measure.</summary>
/// <param name="WarmUp">Load before anything is measured.</param>
/// <param name="Duration">The measured time of the workloads that run for a time.</param>
/// <param name="InFlightMax">Published and not yet delivered messages of a throughput workload.</param>
/// <param name="BacklogCount">Messages of the backlog workload.</param>
/// <param name="QueueCount">Queues of the queues workload.</param>
/// <param name="ConnectionCount">Connections of the idle workloads; null for each one's own number.</param>
internal sealed record WorkloadOptions(
    TimeSpan WarmUp, TimeSpan Duration, int InFlightMax, int BacklogCount, int QueueCount, int? ConnectionCount);
