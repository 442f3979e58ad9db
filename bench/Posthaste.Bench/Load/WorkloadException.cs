namespace Posthaste.Bench.Load;

/// <summary>A workload's check failed: what the broker did was not what was measured. The run has no figures.</summary>
internal sealed class WorkloadException(string message) : Exception(message);
