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
    // The runtime compiles what answers them for the first seventy or so, which costs ten times the answers themselves.
    private const int LooksBefore = 100;

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

            _watcher = new Watcher(_management);
        }
    }

    public override void Verify() => _watcher?.Verify();

    protected override void StopHelpers() => _watcher?.Dispose();
}
