using System.Text;
using Posthaste.Broker.Queues;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Delivery;

/// <summary>Looking at messages that stay where they are.</summary>
public sealed class BrowseTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void MessagesAreSeenInOrderAndStayAsTheyWere()
    {
        var queue = _host.Declare("q");
        Publish(10);

        var (seen, end) = Look(queue, skip: 2, count: 5);

        Assert.Equal(["2", "3", "4", "5", "6"], seen);
        Assert.Equal(BrowseEnd.Count, end);
        Assert.Equal((10, 0), (queue.MessageCount, queue.UnackedCount));
        var consumer = _host.Consume("q");
        _host.Idle();
        Assert.Equal(10, consumer.All.Count);
        Assert.DoesNotContain(consumer.All, message => message.Redelivered);
    }

    [Fact]
    public void OnlyReadyMessagesAreSeenAndReturnedOnesAtTheirOldPlace()
    {
        var queue = _host.Declare("q");
        var consumer = _host.Consume("q", prefetch: 3);
        Publish(5);
        Assert.Equal(["0", "1", "2"], consumer.Bodies);
        var (seen, end) = Look(queue, skip: 0, count: 100);
        Assert.Equal(["3", "4"], seen);
        Assert.Equal(BrowseEnd.Queue, end);

        queue.Cancel(consumer, FlushSet.ForThisThread);
        consumer.Return(queue, count: 3);
        _host.Idle();

        (seen, _) = Look(queue, skip: 0, count: 100);
        Assert.Equal(["0", "1", "2", "3", "4"], seen);
    }

    [Fact]
    public void AfterARestartMessagesAreReadFromDisk()
    {
        _host.Declare("q");
        Publish(50);
        _host.Restart();

        var (seen, end) = Look(_host.Queue("q"), skip: 0, count: 100);

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), seen);
        Assert.Equal(BrowseEnd.Queue, end);
    }

    [Fact]
    public void ALongBacklogIsSeenToItsTailWhichStaysOnDisk()
    {
        _host.Declare("q");
        Publish(6_000, bytes: 4_000);
        _host.Restart();
        var queue = _host.Queue("q");
        var resident = queue.Machine.ResidentEntryCount;

        var (head, headEnd) = Look(queue, skip: 0, count: 3);
        var (tail, tailEnd) = Look(queue, skip: 5_900, count: 200);

        Assert.Equal(["0", "1", "2"], head.Select(body => body.TrimEnd('.')));
        Assert.Equal(
            Enumerable.Range(5_900, 100).Select(i => $"{i}"), tail.Select(body => body.TrimEnd('.')));
        Assert.Equal((BrowseEnd.Count, BrowseEnd.Queue), (headEnd, tailEnd));
        Assert.True(queue.Machine.ResidentEntryCount < resident + 4_000);
        Assert.Equal(6_000, queue.MessageCount);
    }

    [Fact]
    public void ADeletedQueueShowsNothing()
    {
        var queue = _host.Declare("q");
        Publish(1);
        _host.Host.RemoveQueue("q");
        var (seen, end) = Look(queue, skip: 0, count: 1);
        Assert.Empty(seen);
        Assert.Equal(BrowseEnd.Queue, end);
    }

    private void Publish(int count, int bytes = 0)
    {
        var publisher = new Publisher(_host);
        for (var i = 0; i < count; i++)
        {
            publisher.Publish("q", $"{i}".PadRight(bytes, '.'));
            if (i % 50 == 0) _host.Idle();
        }

        _host.Idle();
    }

    private static (List<string> Seen, BrowseEnd End) Look(BrokerQueue queue, int skip, int count)
    {
        var seen = new List<string>();
        var end = queue.Browse(
            skip, count, int.MaxValue,
            (in message) =>
            {
                seen.Add(Encoding.UTF8.GetString(message.Message.Body));
                return true;
            },
            TestContext.Current.CancellationToken);
        return (seen, end);
    }
}
