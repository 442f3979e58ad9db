using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>Bytes that decay while the broker runs.</summary>
public sealed class DamageTests
{
    private const int MessageCount = 100;

    private readonly BrokerHost _host = new(new FaultyDevice(1));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AMessageThatCantBeReadBackIsSetAsideAndTheOthersAreDelivered(bool isTaken)
    {
        // One large file that is not moved out of, and little of it in memory.
        _host.Options.JournalFileBytes = 32 << 20;
        _host.Options.JournalBytesMax = 128 << 20;
        _host.Open();
        _host.Declare("q");
        var publisher = new Publisher(_host);
        for (var i = 0; i < MessageCount; i++) publisher.Publish("q", BodyOf(i));
        _host.Idle();
        // Pushes those before out of memory.
        _host.Declare("other");
        for (var i = 0; i < 400; i++)
        {
            publisher.Publish("other", new string('y', 20_000));
            _host.Idle();
        }

        _host.Faulty.FlipBit("journal/0000000000000001.jnl", 100_000, 3);
        var bodies = isTaken ? Take() : _host.DrainBodies("q").ToList();

        Assert.Equal(MessageCount - 1, bodies.Count);
        Assert.Equal(Enumerable.Range(0, MessageCount).Select(BodyOf).Intersect(bodies), bodies);
    }

    private static string BodyOf(int message) => $"{message}:{new string('x', 2_000)}";

    private List<string> Take()
    {
        List<string> bodies = [];
        while (true)
        {
            var get = new RecordingGet();
            _host.Queue("q").Get(get, FlushSet.ForThisThread);
            _host.Idle();
            if (get.Body is not { Length: > 0 } body) return bodies;
            bodies.Add(body);
        }
    }
}
