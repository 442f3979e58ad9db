using System.Net;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Operating;

/// <summary>Posthaste with operators around it.</summary>
/// <param name="workDirectory">Where its data directory goes.</param>
/// <param name="assembly">The built posthaste.dll.</param>
/// <param name="protocol">What the load speaks.</param>
/// <param name="mode">How it is operated.</param>
internal sealed class OperatedBroker(string workDirectory, string assembly, Protocol protocol, OperatingMode mode)
    : PosthasteBroker(workDirectory, assembly, protocol)
{
    // Enough for the runtime to compile what answers them for good, which takes seconds of CPU behind the last one.
    private const int LooksBefore = 100;
    private const int CalmPeriods = 3;
    private const int CalmPeriodMs = 1000;
    private const double CalmCpuSecondsMax = 0.05;
    private static readonly TimeSpan CalmTimeout = TimeSpan.FromSeconds(60);

    private IPEndPoint? _management;
    private Watcher? _watcher;

    protected override IEnumerable<string> MoreListeners => _management is { } http ? [$"http={http}"] : [];

    public override void Start()
    {
        if (mode.NeedsManagement)
        {
            _management = new IPEndPoint(IPAddress.Loopback, FreePort());
        }

        base.Start();
    }

    public override void Prepare()
    {
        if (_management is null)
        {
            return;
        }

        using ManagementClient client = new(_management);
        Retry(LoadConnection.AnswerTimeout, () => client.Get("/login"));
        if (mode.IsGuarded)
        {
            Guards.Set(client);
        }

        if (mode.IsWatched)
        {
            client.LogIn();
            for (int look = 0; look < LooksBefore; look++)
            {
                Watcher.Look(client);
            }

            WaitUntilCalm();
            _watcher = new Watcher(_management);
        }
    }

    public override void Verify() => _watcher?.Verify();

    protected override void StopHelpers() => _watcher?.Dispose();

    private void WaitUntilCalm()
    {
        long started = Environment.TickCount64;
        for (int calm = 0; calm < CalmPeriods;)
        {
            double cpu = ProcessMeter.CpuSeconds(ProcessId);
            Thread.Sleep(CalmPeriodMs);
            calm = ProcessMeter.CpuSeconds(ProcessId) - cpu <= CalmCpuSecondsMax ? calm + 1 : 0;
            if (Environment.TickCount64 - started > CalmTimeout.TotalMilliseconds)
            {
                throw new WorkloadException("the broker is busy without a load");
            }
        }
    }
}
