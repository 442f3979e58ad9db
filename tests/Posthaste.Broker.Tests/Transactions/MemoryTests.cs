using System.Text;
using Posthaste.Broker.Transactions;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;

namespace Posthaste.Broker.Tests.Transactions;

/// <summary>What a transaction holds in memory until it commits.</summary>
public sealed class MemoryTests
{
    private readonly BrokerHost _host = new BrokerHost(device: null).Open();

    [Fact]
    public void SmallMessagesShareBlocksAndArriveAsTheyWere()
    {
        _host.Declare("q");
        var publisher = new Publisher(_host);
        var transaction = _host.Host.BeginTransaction();
        for (var i = 0; i < 5_000; i++) publisher.AddTo(transaction, "q", BitConverter.GetBytes(i));
        Assert.InRange(_host.Broker.Buffers.UsedBytes, 5_000 * 4, 1 << 20);
        transaction.Commit(new RecordingCallback());
        _host.Idle();
        Assert.Equal(0, _host.Broker.Buffers.UsedBytes);
        var expected = Enumerable.Range(0, 5_000).Select(i => Encoding.UTF8.GetString(BitConverter.GetBytes(i)));
        Assert.Equal(expected, _host.DrainBodies("q"));
    }

    [Fact]
    public void EmptyMessagesCountToo()
    {
        _host.Declare("q");
        var publisher = new Publisher(_host);
        var transaction = _host.Host.BeginTransaction();
        var count = 0;
        for (; !transaction.WouldOverflow(0); count++) publisher.AddTo(transaction, "q", []);
        Assert.InRange(count, 100_000, TransactionBuffer.BytesMax / 100);
        transaction.Rollback();
        Assert.Equal(0, _host.Broker.Buffers.UsedBytes);
    }
}
