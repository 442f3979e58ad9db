using Posthaste.Broker.Queues;
using Posthaste.Broker.Storage;
using Posthaste.Core.Catalog;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Transactions;

/// <summary>Rejections and returns of a transaction are part of its record.</summary>
public sealed class RejectionTests
{
    private const int LargeBytes = 20_000;

    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void ThroughACrashAllOfItHasHappenedOrNothing()
    {
        var counts = new Dictionary<string, int>();
        for (var seed = 1UL; seed <= 40; seed++)
        {
            var host = new BrokerHost(new FaultyDevice(seed)).Open();
            host.Declare("dead");
            host.Declare("out");
            host.Declare("rejected", DeadTo("dead"));
            host.Declare("dropped");
            host.Declare("failed", [.. DeadTo("dead"), .. Quorum, new(QueueArguments.DeliveryLimit, 0)]);
            host.Declare("returned", Quorum);
            var publisher = new Publisher(host);
            var transaction = host.Host.BeginTransaction();
            publisher.AddTo(transaction, "out", new byte[LargeBytes]);
            End(host, publisher, "rejected", transaction.Reject);
            End(host, publisher, "dropped", transaction.Reject);
            End(host, publisher, "failed", (queue, id, by) => transaction.Return(queue, id, by, countsAsFailure: true));
            End(host, publisher, "returned", (queue, id, by) => transaction.Return(queue, id, by, true));
            host.Idle();

            var reply = new RecordingCallback();
            transaction.Commit(reply);
            host.Faulty.PowerOffAtChange = host.Faulty.ChangeCount + 1 + (long)(seed % 3);
            host.Idle();
            host.CrashAndOpen();

            var found = Describe(host);
            counts[found] = counts.GetValueOrDefault(found) + 1;
            Assert.True(found is Before or After, $"seed {seed}: {found}");
            if (reply.Durable == true) Assert.Equal(After, found);
        }

        Assert.Equal(2, counts.Count);
    }

    [Fact]
    public void ALetterThatHasToWaitForItsTargetDiesBehindTheCommit()
    {
        _host.Declare("out");
        _host.Declare("q",
        [
            .. DeadTo("later"), .. Quorum, new(QueueArguments.Overflow, "reject-publish"),
            new(QueueArguments.DeadLetterStrategy, "at-least-once"),
        ]);
        var publisher = new Publisher(_host);
        var transaction = _host.Host.BeginTransaction();
        publisher.AddTo(transaction, "out", "out"u8.ToArray());
        End(_host, publisher, "q", transaction.Reject);
        transaction.Commit(new RecordingCallback());
        _host.Idle();
        Assert.Equal(["out"], _host.DrainBodies("out"));
        Assert.Equal(1, _host.Queue("q").Machine.HeldCount);

        _host.Declare("later");
        _host.Time.Advance(QueueMachine.DeadLetterRetryMs);
        _host.Idle();

        Assert.Equal(["q"], _host.DrainBodies("later"));
    }

    [Fact]
    public void ALetterWhoseBytesAreNotInMemoryGoesWithTheCommit()
    {
        _host.Close();

        // One large file, so that nothing is moved out of it, and less memory than it has bytes.
        _host.Options.JournalFileBytes = 32 << 20;
        _host.Options.JournalBytesMax = 128 << 20;
        _host.Open();
        _host.Declare("dead");
        _host.Declare("other");
        var queue = _host.Declare("q", DeadTo("dead"));
        var publisher = new Publisher(_host);
        var transaction = _host.Host.BeginTransaction();
        var id = End(_host, publisher, "q", transaction.Reject);
        for (var i = 0; i < 1_000; i++)
        {
            publisher.Publish("other", new string('x', 10_000));
            if (i % 50 == 0) _host.Idle();
        }

        _host.Idle();
        var lease = default(BlockLease);
        Assert.True(queue.Machine.TryGetUnacked(id, out var entry));
        Assert.False(_host.Broker.Store.TryRead(entry.Location, entry.Length, ref lease, out _));
        transaction.Commit(new RecordingCallback());
        _host.Broker.Pipeline.CommitPending();
        _host.Broker.Pipeline.ApplyCommitted();

        Assert.Equal(1, _host.Queue("dead").MessageCount);
        Assert.Equal(0, queue.UnackedCount);
        var letter = _host.Drain("dead").Single();
        var death = DeathHistory.Read(letter.Annotations).Deaths.Single();
        Assert.Equal(("q", "q", DeadLetterReason.Rejected), (letter.Body, death.Queue, death.Reason));
    }

    private const string Before = "out 0, rejected 1, dropped 1, failed 1, returned 1 (0), dead 0";

    private const string After = "out 1, rejected 0, dropped 0, failed 0, returned 1 (1), dead 2";

    private static string Describe(BrokerHost host)
    {
        string[] queues = ["out", "rejected", "dropped", "failed"];
        var counts = queues.Select(name => $"{name} {host.Queue(name).MessageCount}");
        var returned = host.Drain("returned");
        return $"{string.Join(", ", counts)}, returned {returned.Count} "
            + $"({returned.Sum(message => message.Counters.DeliveryCount)}), dead {host.Queue("dead").MessageCount}";
    }

    /// <summary>Publishes a message to the queue, and ends its delivery in a transaction.</summary>
    private static EntryId End(
        BrokerHost host, Publisher publisher, string queue, Action<BrokerQueue, EntryId, Subscription?> end)
    {
        publisher.Publish(queue, queue);
        var consumer = host.Consume(queue);
        host.Idle();
        host.Cancel(queue, consumer);
        var id = consumer.Take().Single();
        end(host.Queue(queue), id, consumer);
        return id;
    }

    private static FieldTable Quorum { get; } = [new(QueueArguments.Type, "quorum")];

    private static FieldTable DeadTo(string queue) =>
        [new(QueueArguments.DeadLetterExchange, ""), new(QueueArguments.DeadLetterRoutingKey, queue)];
}
