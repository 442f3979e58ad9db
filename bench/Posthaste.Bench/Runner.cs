using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;
using Posthaste.Bench.Reports;
using Posthaste.Bench.Workloads;
using Spectre.Console;

namespace Posthaste.Bench;

/// <summary>
/// Runs workloads against brokers in turn: each run has a fresh process and an empty data directory, and only one
/// broker runs at a
/// time. Brokers alternate within a round and swap places from round to round, so that a machine that gets slower or
/// warmer does not favour one of them.
/// </summary>
internal sealed class Runner(IAnsiConsole console, WorkloadOptions options, Func<string, Protocol, Broker?> create)
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    public IReadOnlyList<RunResult> Run(
        IReadOnlyList<Workload> workloads, IReadOnlyList<string> brokers, int rounds, CancellationToken cancellation)
    {
        List<RunResult> results = [];
        for (int round = 1; round <= rounds; round++)
        {
            foreach (Workload workload in workloads)
            {
                for (int i = 0; i < brokers.Count; i++)
                {
                    string broker = brokers[(i + round - 1) % brokers.Count];
                    if (RunOnce(workload, broker, round, cancellation) is { } result)
                    {
                        results.Add(result);
                        Report(result, rounds);
                    }
                }
            }
        }

        return results;
    }

    // Null where the broker does not speak the workload's protocol.
    private RunResult? RunOnce(Workload workload, string name, int round, CancellationToken cancellation)
    {
        string server = "";
        try
        {
            using Broker? broker = create(name, workload.Protocol);
            if (broker is null)
            {
                return null;
            }

            broker.Start();
            server = broker.WaitUntilReady(StartTimeout);
            try
            {
                broker.Prepare();
                IReadOnlyList<Metric> metrics = workload.Run(broker, options, cancellation);
                broker.Verify();
                return new RunResult(workload.Name, name, server, round, metrics, Failure: null);
            }
            catch (Exception e) when (e is InvalidOperationException or ConnectionException or IOException)
            {
                throw new WorkloadException($"{e.Message}\nlast output of {name}:\n{broker.Output()}");
            }
        }
        catch (WorkloadException e)
        {
            return new RunResult(workload.Name, name, server, round, [], e.Message);
        }
    }

    private void Report(RunResult result, int rounds)
    {
        string figures = string.Join(
            ", ", result.Metrics.Select(m => $"{m.Name} {ComparisonWriter.Format(m.Value)} {m.Unit}"));
        string outcome = result.Failure ?? figures;
        console.MarkupLineInterpolated(
            $"[grey]{result.Round}/{rounds}[/] [bold]{result.Workload}[/] on {result.Broker}: {outcome}");
    }
}
