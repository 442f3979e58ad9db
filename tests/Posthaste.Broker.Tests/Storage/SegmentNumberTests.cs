using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>
/// What journal and snapshots say of a segment file that is gone must never be taken for a later file of the same
/// number.
/// </summary>
public sealed class SegmentNumberTests
{
    private const string SegmentFolder = "segments";
    private const int BacklogCount = 1_500;

    private readonly BrokerHost _host = new(new FaultyDevice(1));

    [Fact]
    public void AReplayedDropHitsNoLaterFile()
    {
        // Large enough that no snapshot is taken: every replay begins with the first record.
        _host.Options.JournalFileBytes = 16 << 20;
        _host.Options.JournalBytesMax = 64 << 20;
        _host.Options.ResidentEntriesMax = 1_000;
        _host.Open();
        _host.Declare("drained");
        _host.Declare("kept");
        Spill("drained");
        Assert.Equal(BacklogCount, _host.DrainBodies("drained").Count);
        _host.Idle();
        Assert.Empty(_host.Device!.List(SegmentFolder));

        // In order: a power cut could bring back the deleted file's name, and so its number.
        _host.Restart();
        Spill("kept");
        _host.CrashAndOpen();
        _host.Idle();

        Assert.Equal(BacklogCount, _host.DrainBodies("kept").Count);
    }

    [Fact]
    public void ASnapshotKnowsTheNumbersOfFilesThatAreGone()
    {
        _host.Options.ResidentEntriesMax = 1_000;
        _host.Open();
        _host.Declare("drained");
        Spill("drained");
        _host.DrainBodies("drained");
        _host.Idle();
        var lastId = _host.Broker.Segments!.LastId;
        Assert.True(lastId > 0);

        // Roll the journal until nothing before the newest snapshot is replayed.
        _host.Options.ResidentEntriesMax = 1_000_000;
        var publisher = new Publisher(_host);
        for (var i = 0; i < 40; i++)
        {
            publisher.Publish("drained", new string('x', 250_000));
            _host.Idle();
            _host.DrainBodies("drained");
        }

        _host.CrashAndOpen();

        Assert.True(_host.Broker.Recovery.JournalBytes < 5 << 20, "the replay begins with the first record");
        Assert.Equal(lastId, _host.Broker.Segments!.LastId);
    }

    private void Spill(string queue)
    {
        var publisher = new Publisher(_host);
        for (var i = 0; i < BacklogCount; i++) publisher.Publish(queue, $"{i} {new string('x', 500)}");
        _host.Idle();
        Assert.NotEmpty(_host.Device!.List(SegmentFolder));
    }
}
