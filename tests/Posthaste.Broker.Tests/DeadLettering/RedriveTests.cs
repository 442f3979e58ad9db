using Posthaste.Broker.Moving;
using Posthaste.Core.Catalog;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.DeadLettering;

/// <summary>Messages that go back to where they died, or from queue to queue.</summary>
public sealed class RedriveTests
{
    [Fact]
    public void A_backlog_in_segments_moves_whole()
    {
        const int Count = 1_500;
        var host = new BrokerHost(new FaultyDevice(1)).Open();
        host.Declare("from");
        host.Declare("to");
        var publisher = new Publisher(host);
        for (var i = 0; i < Count; i++)
        {
            publisher.Publish("from", $"{i}".PadRight(4_000, '.'));
            if (i % 50 == 0) host.Idle();
        }

        host.Idle();
        host.CrashAndOpen();
        var result = Move(host, "from", new MoveRequest { Destination = "to" })!;
        Assert.Equal(((long)Count, (long)Count, (string?)null), (result.Matched, result.Moved, result.Stopped));
        host.CrashAndOpen();
        Assert.Empty(host.DrainBodies("from"));
        Assert.Equal(
            Enumerable.Range(0, Count), host.DrainBodies("to").Select(body => int.Parse(body.TrimEnd('.'))));
    }

    [Fact]
    public void The_power_goes_at_each_write_and_each_message_is_in_one_queue()
    {
        var crashes = 0;
        for (var at = 1; RunOnce(at); at++) crashes++;
        Assert.True(crashes > 3, $"{crashes} crashes");
    }

    [Fact]
    public void A_full_target_stops_it_and_nothing_is_lost()
    {
        var host = new BrokerHost(new FaultyDevice(1)).Open();
        host.Declare("from");
        host.Declare("to", [new(QueueArguments.LengthMax, 2), new(QueueArguments.Overflow, "reject-publish")]);
        Fill(host, 5);
        var result = Move(host, "from", new MoveRequest { Destination = "to" })!;
        Assert.Equal((2L, "queue 'to' is full"), (result.Moved, result.Stopped));
        Assert.Equal(["0", "1"], host.DrainBodies("to"));
        Assert.Equal(["2", "3", "4"], host.DrainBodies("from"));
    }

    [Fact]
    public void A_disk_without_room_leaves_all_where_it_was()
    {
        var host = new BrokerHost(new FaultyDevice(1)).Open();
        host.Declare("from");
        host.Declare("to");
        Fill(host, 5);
        host.LeaveRoom(0);
        var filler = new Publisher(host);
        for (var i = 0; i < 100 && !host.HasNoRoom; i++)
        {
            filler.Publish("to", new string('.', 100_000), persistent: true);
            host.Idle();
            host.Queue("to").Purge(FlushSet.ForThisThread);
        }

        var before = host.Queue("to").MessageCount;
        var result = Move(host, "from", new MoveRequest { Destination = "to" })!;
        Assert.Equal(5 - result.Moved, host.Queue("from").MessageCount);
        Assert.Equal(before + result.Moved, host.Queue("to").MessageCount);
        Assert.Equal(result.Moved == 5, result.Stopped is null);
    }

    /// <returns>False when all was moved before the power went.</returns>
    private static bool RunOnce(int powerOffAt)
    {
        var host = new BrokerHost(new FaultyDevice((ulong)powerOffAt)).Open();
        host.Declare("to");
        host.Declare(
            "from", [new(QueueArguments.DeadLetterExchange, ""), new(QueueArguments.DeadLetterRoutingKey, "dead")]);
        host.Declare("dead");
        Fill(host, 40);
        var consumer = host.Consume("from");
        host.Idle();
        consumer.Reject(host.Queue("from"));
        host.Cancel("from", consumer);
        host.Idle();
        Assert.Equal(40, host.Queue("dead").MessageCount);
        host.Faulty.PowerOffAtChange = host.Faulty.ChangeCount + powerOffAt;
        for (var batch = 0; batch < 5; batch++) Move(host, "dead", new MoveRequest { CountMax = 5 });
        var wentOff = host.Faulty.ChangeCount >= host.Faulty.PowerOffAtChange;
        host.CrashAndOpen();
        var found = host.DrainBodies("dead").Concat(host.DrainBodies("from")).Select(int.Parse).Order();
        Assert.Equal(Enumerable.Range(0, 40), found);
        host.Close();
        return wentOff;
    }

    private static void Fill(BrokerHost host, int count)
    {
        var publisher = new Publisher(host);
        for (var i = 0; i < count; i++) publisher.Publish("from", $"{i}");
        host.Idle();
    }

    /// <returns>Null when the power went meanwhile.</returns>
    private static MoveResult? Move(BrokerHost host, string from, MoveRequest request)
    {
        var moving = MessageMover.Create(host.Queue(from), request).RunAsync(CancellationToken.None);
        while (!moving.IsCompleted)
        {
            if (host.Faulty.ChangeCount >= host.Faulty.PowerOffAtChange) return null;

            // The mover goes on by itself, on another thread, when what it waits for is durable.
            if (host.Broker.Pipeline.HasPending) host.Idle();
            else Thread.Yield();
        }

        return moving.GetAwaiter().GetResult();
    }
}
