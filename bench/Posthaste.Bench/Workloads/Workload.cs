using Posthaste.Bench.Brokers;
using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Workloads;

/// <summary>
/// One kind of load. Runs against a broker that was started for it alone and yields figures, or throws.
/// </summary>
internal abstract class Workload(string name, string description)
{
    public string Name { get; } = name;

    public string Description { get; } = description;

    /// <summary>What it speaks; brokers that do not are left out.</summary>
    public virtual Protocol Protocol => Protocol.Amqp;

    /// <summary>Runs once and checks what came back.</summary>
    /// <exception cref="Load.WorkloadException">A check failed.</exception>
    public abstract IReadOnlyList<Metric> Run(Broker broker, WorkloadOptions options, CancellationToken cancellation);
}
