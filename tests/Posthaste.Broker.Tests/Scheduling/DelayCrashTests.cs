using Posthaste.Core.Queues;
using Posthaste.Primitives;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Scheduling;

/// <summary>
/// The power goes at each write of the device in turn, while messages are delayed and become due. Each that was
/// confirmed comes once, none twice, none before its time.
/// </summary>
public sealed class DelayCrashTests
{
    private const int Count = 60;
    private const int StepMs = 10;

    [Fact]
    public void Each_comes_once()
    {
        var crashes = 0;
        for (var at = 1; RunOnce((ulong)at, at, bodyBytes: 10); at += 2) crashes++;
        Assert.True(crashes > 20, $"{crashes} crashes");
    }

    [Fact]
    public void The_same_while_they_move_to_segments()
    {
        for (var at = 7; RunOnce((ulong)at, at, bodyBytes: 100_000); at += 13) continue;
    }

    /// <returns>False when the work was done before the power went.</returns>
    private static bool RunOnce(ulong seed, int powerOffAt, int bodyBytes)
    {
        var host = new BrokerHost(new FaultyDevice(seed)).Open();
        host.Declare("q");
        host.Idle();
        host.Faulty.PowerOffAtChange = host.Faulty.ChangeCount + powerOffAt;
        bool WentOff() => host.Faulty.ChangeCount >= host.Faulty.PowerOffAtChange;
        var random = new SeededRandom(seed);
        var publisher = new Publisher(host);
        var dueMs = new List<long>();
        var startMs = host.Broker.NowMs;
        for (var i = 0; i < Count && !WentOff(); i++)
        {
            publisher.DelayMs = 1 + random.Below(50 * StepMs);
            dueMs.Add(host.Broker.NowMs + publisher.DelayMs);
            publisher.Publish("q", $"{i}".PadRight(bodyBytes, '.'));
            if (random.Below(3) == 0) host.Time.Advance(StepMs);
            if (random.Below(3) != 0) host.Idle();
        }

        var wentOff = WentOff();
        var confirmed = Enumerable.Range(0, dueMs.Count)
            .Where(i => publisher.VerdictOf((ulong)i) == Verdict.Confirmed).ToHashSet();
        var diedMs = host.Broker.NowMs;
        host.CrashAndOpen();
        host.Idle();
        var early = Bodies(host);
        Assert.All(early, i => Assert.True(dueMs[i] <= diedMs, $"{i} came before its time"));
        host.Time.Advance(startMs + (1_000 * StepMs) - host.Broker.NowMs + QueueMachine.DeadLetterRetryMs);
        host.Idle();
        var found = early.Concat(Bodies(host)).ToList();

        Assert.Equal(found.Count, found.Distinct().Count());
        var lost = confirmed.Where(i => !found.Contains(i)).ToList();
        Assert.True(lost.Count == 0, $"at {powerOffAt}: lost {string.Join(' ', lost)}");
        host.Close();
        return wentOff;
    }

    private static List<int> Bodies(BrokerHost host) =>
        [.. host.DrainBodies("q").Select(body => int.Parse(body.TrimEnd('.')))];
}
