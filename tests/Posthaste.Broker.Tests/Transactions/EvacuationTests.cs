using Posthaste.Broker.Queues;
using Posthaste.Broker.Storage;
using Posthaste.Broker.Tests.Storage;
using Posthaste.Broker.Transactions;
using Posthaste.Core.Catalog;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Transactions;

/// <summary>Messages are moved on disk while a record that takes them out of their queue is on its way.</summary>
public sealed class EvacuationTests
{
    private const int LargeBytes = 4_000;

    private readonly Troubles _troubles = new();
    private readonly BrokerHost _host;

    public EvacuationTests() =>
        _host = new BrokerHost(new FaultyDevice(1), wrap: device => new TroubledDevice(device, _troubles)).Open();

    [Fact]
    public void NothingLeavesBeforeTheRecordOfItsTransactionIsMade()
    {
        var queue = _host.Declare("q");
        var bodies = Publish("q", 400);
        var consumer = _host.Consume("q");
        _host.Idle();
        var settlements = new TransactionSettlements();
        foreach (var id in consumer.Take(200)) settlements.Add(queue, id, consumer);
        var isPrepared = false;
        _troubles.FailsSync = name =>
        {
            // Their block is written, and the queue is about to learn of it.
            isPrepared |= name.StartsWith("segments", StringComparison.Ordinal) && settlements.TryPrepare();
            return false;
        };

        Evacuate(queue);
        Assert.True(isPrepared);
        _host.Idle();
        _host.CrashAndOpen();

        Assert.Equal(bodies, _host.DrainBodies("q"));
    }

    [Fact]
    public void WhatATransactionSettledDoesNotComeBackByACopyBehindItsRecord()
    {
        var queue = _host.Declare("q");
        _host.Declare("other");
        Publish("q", 4);
        var consumer = _host.Consume("q");
        _host.Idle();
        var transaction = _host.Host.BeginTransaction();
        foreach (var id in consumer.Take()) transaction.Settle(queue, id, consumer);

        CopyBehind(queue, () => transaction.Commit(new RecordingCallback()));

        Assert.Equal(0, queue.UnackedCount);
        _host.CrashAndOpen();
        Assert.Empty(_host.DrainBodies("q"));
    }

    [Fact]
    public void ADeadLetterIsNotDoubledByACopyBehindItsRecord()
    {
        _host.Declare("dead");
        _host.Declare("other");
        var queue = _host.Declare(
            "q", [new(QueueArguments.DeadLetterExchange, ""), new(QueueArguments.DeadLetterRoutingKey, "dead")]);
        var bodies = Publish("q", 4);
        var consumer = _host.Consume("q");
        _host.Idle();

        CopyBehind(queue, () => consumer.Reject(queue));

        Assert.Equal(0, queue.Machine.HeldCount);
        _host.CrashAndOpen();
        Assert.Empty(_host.DrainBodies("q"));
        Assert.Equal(bodies, _host.DrainBodies("dead"));
    }

    /// <summary>
    /// Makes a record, then a copy of what is in the queue, and a snapshot between the two that is completed later.
    /// </summary>
    private void CopyBehind(BrokerQueue queue, Action record)
    {
        // Once a snapshot is completed the next batch that is applied ends with the next one.
        var pipeline = _host.Broker.Pipeline;
        PassUntilSnapshot();
        record();
        pipeline.CommitPending();
        Evacuate(queue);
        pipeline.ApplyCommitted();
        PassUntilSnapshot();
    }

    private void PassUntilSnapshot()
    {
        long[] before = [.. _host.Broker.Data.Snapshots!.Positions()];
        do
        {
            AddLarge("other", 100);
            _host.Step();
        }
        while (_host.Broker.Data.Snapshots.Positions().SequenceEqual(before));
    }

    private List<string> Publish(string queue, int count)
    {
        var bodies = AddLarge(queue, count);
        _host.Idle();
        return bodies;
    }

    private List<string> AddLarge(string queue, int count)
    {
        var publisher = new Publisher(_host);
        List<string> bodies = [.. Enumerable.Range(0, count).Select(i => $"{i}".PadRight(LargeBytes, '.'))];
        foreach (var body in bodies) publisher.Publish(queue, body);
        return bodies;
    }

    private void Evacuate(BrokerQueue queue)
    {
        using var evacuation = new Evacuation(_host.Broker);
        evacuation.Evacuate(queue, _host.Broker.Data.Journal!.DurablePosition, FlushSet.ForThisThread);
    }
}
