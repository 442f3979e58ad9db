using Posthaste.Core.Catalog;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Transactions;

/// <summary>What a transaction says of messages that a full queue does not take.</summary>
public sealed class RefusalTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    public RefusalTests()
    {
        _host.Declare("small", [new(QueueArguments.LengthMax, 1), new(QueueArguments.Overflow, "reject-publish")]);
        _host.Declare("other");
        _host.Host.DeclareExchange("fan", "fanout", false, true, false, false, []);
        _host.Host.BindQueue("small", "fan", "", [], _host.Connection);
        _host.Host.BindQueue("other", "fan", "", [], _host.Connection);
    }

    [Fact]
    public void TheReplyNamesWhatWasRefusedAndTheRestHolds()
    {
        var publisher = new Publisher(_host);
        var transaction = _host.Host.BeginTransaction();
        for (var seq = 10UL; seq < 13; seq++)
            publisher.AddTo(transaction, "", [(byte)('0' + seq - 10)], seq: seq, exchange: "fan");
        publisher.AddTo(transaction, "small", "refused by all"u8.ToArray(), seq: 13);
        var reply = new RecordingCallback();
        transaction.Commit(reply);

        Assert.Equal([11UL, 12, 13], reply.Refused);
        Assert.Null(reply.Durable);
        _host.Idle();
        Assert.True(reply.Durable);
        _host.CrashAndOpen();
        Assert.Equal(["0"], _host.DrainBodies("small"));
        Assert.Equal(["0", "1", "2"], _host.DrainBodies("other"));
    }

    [Fact]
    public void RoomThatWasRefusedOnceIsThereForTheNextTransaction()
    {
        var publisher = new Publisher(_host);
        var transaction = _host.Host.BeginTransaction();
        for (var seq = 0UL; seq < 3; seq++) publisher.AddTo(transaction, "small", "x"u8.ToArray(), seq: seq);
        transaction.Commit(new RecordingCallback());
        _host.Idle();
        Assert.Equal(["x"], _host.DrainBodies("small"));

        publisher.AddTo(transaction, "small", "y"u8.ToArray());
        var reply = new RecordingCallback();
        transaction.Commit(reply);
        _host.Idle();

        Assert.Empty(reply.Refused);
        Assert.Equal(["y"], _host.DrainBodies("small"));
    }
}
