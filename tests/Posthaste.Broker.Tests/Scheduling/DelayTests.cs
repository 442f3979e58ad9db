using System.Text;
using Posthaste.Broker.Queues;
using Posthaste.Core.Catalog;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Scheduling;

/// <summary>Delayed messages: when they come, where they go, and what a restart finds.</summary>
public sealed class DelayTests
{
    private const long YearMs = 365L * 24 * 60 * 60 * 1_000;

    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void They_come_in_the_order_of_their_time_and_not_before()
    {
        _host.Declare("q");
        var publisher = new Publisher(_host);
        Delay(publisher, "q", "third", 300);
        Delay(publisher, "q", "first", 100);
        Delay(publisher, "q", "second", 200);
        publisher.DelayMs = 0;
        publisher.Publish("q", "at once");
        _host.Idle();
        Assert.Equal(4, publisher.ConfirmedCount);
        Assert.Equal((1, 3), (_host.Queue("q").MessageCount, Pending().MessageCount));

        Pass(99);
        Assert.Equal(["at once"], _host.DrainBodies("q"));
        Pass(1);
        Assert.Equal(["first"], _host.DrainBodies("q"));
        Pass(200);
        Assert.Equal(["second", "third"], _host.DrainBodies("q"));
        Assert.Equal(0, Pending().MessageCount);
    }

    [Fact]
    public void A_year_passes_in_which_the_broker_is_restarted_and_killed()
    {
        _host.Declare("q");
        var publisher = new Publisher(_host);
        Delay(publisher, "q", "birthday", YearMs);
        Delay(publisher, "q", "overdue", 1_000, persistent: false);
        _host.Idle();
        _host.Restart();
        Assert.Equal(2, Pending().MessageCount);
        _host.Crash();
        _host.Time.Advance(5_000);
        _host.Open();
        _host.Idle();
        Assert.Equal(["overdue"], _host.DrainBodies("q"));

        _host.Crash();
        _host.Time.Advance(YearMs - 5_001);
        _host.Open();
        _host.Idle();
        Assert.Empty(_host.DrainBodies("q"));
        Pass(1);
        Assert.Equal(["birthday"], _host.DrainBodies("q"));
        _host.CrashAndOpen();
        Assert.Equal((0, 0), (_host.Queue("q").MessageCount, Pending().MessageCount));
    }

    [Fact]
    public void Many_move_to_segments_and_keep_their_order_through_crashes()
    {
        const int Count = 2_000;
        _host.Declare("q");
        var publisher = new Publisher(_host);
        var order = new List<(long DueMs, string Body)>();
        for (var i = 0; i < Count; i++)
        {
            var delayMs = 1_000_000 + ((i * 7_919L) % Count * 10);
            var body = $"{i}".PadRight(4_000, '.');
            Delay(publisher, "q", body, delayMs);
            order.Add((delayMs, body));
            if (i % 50 == 0) _host.Idle();
            if (i == Count / 2) _host.CrashAndOpen();
            if (i == Count / 2) publisher = new Publisher(_host);
        }

        _host.Idle();
        Assert.NotEmpty(Pending().Machine.Blocks);
        _host.CrashAndOpen();
        Assert.Equal(Count, Pending().MessageCount);
        _host.Idle();
        Assert.True(Pending().Machine.IsIndexed);

        _host.Crash();
        _host.Time.Advance(2_000_000);
        _host.Open();
        for (var tick = 0; tick < 4; tick++) Pass(0);
        var expected = order.OrderBy(message => message.DueMs).Select(message => message.Body[..5]);
        Assert.Equal(expected, _host.DrainBodies("q").Select(body => body[..5]));
    }

    [Fact]
    public void They_are_routed_when_they_are_due()
    {
        _host.Declare("early");
        _host.Declare("late");
        DeclareExchange("x", "topic");
        _host.Host.BindQueue("early", "x", "a.*", FieldTable.Empty, _host.Connection);
        var publisher = new Publisher(_host) { DelayMs = 100 };
        publisher.Add("x", "a.b", "moved"u8.ToArray(), persistent: true);
        publisher.Add("x", "nobody", "lost"u8.ToArray(), persistent: true);
        publisher.Flush();
        _host.Idle();
        _host.Host.UnbindQueue("early", "x", "a.*", FieldTable.Empty, _host.Connection);
        _host.Host.BindQueue("late", "x", "#.b", FieldTable.Empty, _host.Connection);

        Pass(100);
        Assert.Empty(_host.DrainBodies("early"));
        Assert.Equal(["moved"], _host.DrainBodies("late"));
        Assert.Equal(0, Pending("x").MessageCount);
    }

    [Fact]
    public void They_go_with_their_exchange_and_do_not_come_back_with_its_name()
    {
        _host.Declare("q");
        DeclareExchange("x", "fanout");
        var publisher = new Publisher(_host) { DelayMs = 100 };
        publisher.Add("x", "", "gone"u8.ToArray(), persistent: true);
        publisher.Flush();
        _host.Idle();
        var held = Pending("x");
        Assert.Null(_host.Host.DeleteExchange("x", ifUnused: false).Error);
        Assert.True(held.IsDeleted);
        DeclareExchange("x", "fanout");
        _host.Host.BindQueue("q", "x", "", FieldTable.Empty, _host.Connection);
        _host.Idle();
        _host.CrashAndOpen();

        Pass(200);
        Assert.Empty(_host.DrainBodies("q"));
        Assert.Null(Exchange("x").DelayQueue);
    }

    [Fact]
    public void A_full_queue_that_refuses_gets_them_when_it_has_room()
    {
        _host.Declare("q", [new(QueueArguments.LengthMax, 1), new(QueueArguments.Overflow, "reject-publish")]);
        var publisher = new Publisher(_host);
        publisher.Publish("q", "first");
        Delay(publisher, "q", "second", 100);
        _host.Idle();
        Pass(100);
        Assert.Equal(["first"], _host.DrainBodies("q"));
        Pass(QueueMachine.DeadLetterRetryMs);
        Assert.Equal(["second"], _host.DrainBodies("q"));
    }

    [Fact]
    public void A_time_to_live_begins_when_they_are_due()
    {
        _host.Declare("q", [new(QueueArguments.MessageTtl, 1_000)]);
        Delay(new Publisher(_host), "q", "x", 60_000);
        _host.Idle();
        Pass(60_000);
        Assert.Equal(1, _host.Queue("q").MessageCount);
        Pass(999);
        Assert.Equal(1, _host.Queue("q").MessageCount);
        Pass(1);
        Assert.Equal(0, _host.Queue("q").MessageCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void In_a_transaction_they_wait_for_the_commit(bool commits)
    {
        _host.Declare("q");
        var transaction = _host.Host.BeginTransaction();
        var publisher = new Publisher(_host) { DelayMs = 100 };
        publisher.AddTo(transaction, "q", "x"u8.ToArray());
        Pass(500);
        var reply = new RecordingCallback();
        if (commits) transaction.Commit(reply);
        else transaction.Rollback();
        _host.Idle();
        Assert.Equal(commits ? true : null, reply.Durable);
        _host.CrashAndOpen();
        Pass(99);
        Assert.Empty(_host.DrainBodies("q"));
        Pass(1);
        Assert.Equal(commits ? ["x"] : [], _host.DrainBodies("q"));
    }

    [Fact]
    public void Those_of_an_exchange_that_is_not_durable_live_in_memory()
    {
        _host.Declare("q");
        Assert.Null(_host.Host.DeclareExchange(
            "x", "fanout", passive: false, durable: false, autoDelete: false, isInternal: false, []).Error);
        _host.Host.BindQueue("q", "x", "", FieldTable.Empty, _host.Connection);
        var publisher = new Publisher(_host) { DelayMs = 100 };
        publisher.Add("x", "", "x"u8.ToArray(), persistent: true);
        publisher.Flush();
        Assert.Equal((1, 1), (publisher.ConfirmedCount, Pending("x").MessageCount));
        Pass(100);
        Assert.Equal(["x"], _host.DrainBodies("q"));
    }

    [Fact]
    public void A_disk_without_room_keeps_them_until_there_is_some()
    {
        _host.Declare("q");
        Delay(new Publisher(_host), "q", "x", 100);
        _host.Idle();
        _host.LeaveRoom(0);
        var filler = new Publisher(_host);
        for (var i = 0; i < 100 && !_host.Broker.Pipeline.IsFull; i++)
        {
            filler.Publish("q", new string('.', 100_000));
            _host.Idle();
        }

        Assert.True(_host.Broker.Pipeline.IsFull);
        Pass(100);
        Assert.Equal(1, Pending().Machine.HeldCount);
        _host.LeaveRoom(100 << 20);
        _host.Queue("q").Purge(FlushSet.ForThisThread);
        for (var i = 0; i < 3; i++) Pass(QueueMachine.DeadLetterRetryMs);
        Assert.Equal(["x"], _host.DrainBodies("q"));
    }

    private static void Delay(Publisher publisher, string queue, string body, long delayMs, bool persistent = true)
    {
        publisher.DelayMs = delayMs;
        publisher.Publish(queue, body, persistent);
    }

    private void DeclareExchange(string name, string type) => Assert.Null(_host.Host.DeclareExchange(
        name, type, passive: false, durable: true, autoDelete: false, isInternal: false, []).Error);

    private Core.Routing.Exchange Exchange(string name)
    {
        Assert.True(_host.Host.TryGetExchange(Encoding.UTF8.GetBytes(name), out var exchange));
        return exchange;
    }

    private BrokerQueue Pending(string exchange = "") => (BrokerQueue)Exchange(exchange).DelayQueue!;

    private void Pass(long ms)
    {
        _host.Time.Advance(ms);
        _host.Idle();
    }
}
