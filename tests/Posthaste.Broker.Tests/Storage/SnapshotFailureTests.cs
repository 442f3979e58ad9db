using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>Snapshots that the disk does not take.</summary>
public sealed class SnapshotFailureTests
{
    private const int BodyBytes = 4_000;

    private readonly Troubles _troubles = new();
    private readonly BrokerHost _host;

    public SnapshotFailureTests()
    {
        _host = new BrokerHost(new FaultyDevice(1), wrap: inner => new TroubledDevice(inner, _troubles)).Open();
        _host.Declare("q");
    }

    [Fact]
    public void ASnapshotThatCouldNotBeSyncedIsNeverSyncedAgain()
    {
        var failed = new List<string>();
        var synced = new List<string>();
        _troubles.FailsSync = name =>
        {
            if (!name.StartsWith("state/", StringComparison.Ordinal)) return false;
            (failed.Count < 3 ? failed : synced).Add(name);
            return failed.Count <= 3 && synced.Count == 0;
        };
        Work(rounds: 12);

        Assert.Equal(3, failed.Distinct().Count());
        Assert.NotEmpty(synced);
        Assert.Empty(synced.Intersect(failed));
        Assert.True(_host.Device!.List("journal").Sum(file => file.LengthBytes) < 8 << 20);
    }

    [Fact]
    public void WithoutAnySnapshotTheJournalGrowsAndNothingIsLost()
    {
        _troubles.FailsSync = static name => name.StartsWith("state/", StringComparison.Ordinal);
        var bodies = Work(rounds: 6, drain: false);
        Assert.False(_host.Broker.Pipeline.IsFailed);
        Assert.True(_host.Device!.List("journal").Sum(file => file.LengthBytes) > 8 << 20);

        _host.CrashAndOpen();

        Assert.Equal(bodies, _host.DrainBodies("q"));
    }

    private List<string> Work(int rounds, bool drain = true)
    {
        var bodies = new List<string>();
        var publisher = new Publisher(_host);
        for (var i = 0; i < rounds * 400; i++)
        {
            bodies.Add($"{i}".PadRight(BodyBytes, '.'));
            publisher.Publish("q", bodies[^1]);
            if (i % 50 == 0) _host.Idle();
            if (drain && i % 400 == 399) _host.Drain("q");
        }

        _host.Idle();
        return bodies;
    }
}
