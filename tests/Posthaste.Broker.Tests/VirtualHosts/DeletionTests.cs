using System.Runtime.CompilerServices;
using System.Text;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Policies;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Statistics;
using Posthaste.Broker.Storage;
using Posthaste.Core.Catalog;
using Posthaste.Core.Notes;
using Posthaste.Core.Policies;
using Posthaste.Core.Retained;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.VirtualHosts;

/// <summary>What is left of a virtual host that is deleted: nothing.</summary>
public sealed class DeletionTests
{
    private const string Name = "doomed";

    private readonly BrokerHost _host = new(new FaultyDevice(1)) { Options = { Authenticator = null } };

    public DeletionTests()
    {
        _host.Open();
        foreach (var user in (string[])["ann", "sim"])
        {
            Assert.Null(Broker.Users.Put(new User(user)));
            Assert.Null(Broker.Users.SetPermission(user, "/", Permission.Full));
        }

        _host.Idle();
    }

    private MessageBroker Broker => _host.Broker;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Everything_in_it_goes_and_one_of_the_same_name_is_empty_and_another(bool crashes)
    {
        var id = Fill(Broker.AddVirtualHost(Name)).Id;
        _host.Idle();
        Delete();
        _host.Idle();
        if (crashes) _host.CrashAndOpen();
        Assert.Null(Broker.FindVirtualHost(Name));
        Assert.DoesNotContain(Broker.AllQueues, queue => queue.Host.Name == Name);

        var again = Broker.AddVirtualHost(Name);
        Assert.True(again.Id > id);
        Assert.Empty(again.Catalog.Queues);
        Assert.Empty(again.Catalog.DelayQueues);
        Assert.All(again.Catalog.Exchanges, static exchange => Assert.True(exchange.IsPredeclared));
        Assert.Equal((0, 0), (again.Notes.Count, again.Retained.Count));
        Assert.Empty(again.Policies.All(PolicyKind.User));
        Assert.Empty(again.Settings.Limits);
        Assert.False(Broker.Users.RulesFor("ann", Name).MayEnter);
        Assert.Null(Broker.Users.PermissionOf("ann", Name));
        Assert.DoesNotContain(Broker.Users.TopicPermissions, item => item.Key.VirtualHost == Name);
        Assert.NotNull(Broker.Users.PermissionOf("ann", "/"));
    }

    [Fact]
    public void Its_messages_give_back_memory_and_files()
    {
        var host = Broker.AddVirtualHost(Name);
        Declare(host, "backlog");
        Declare(host, "memory", durable: false);
        var publisher = new Publisher(Broker, host);
        for (var i = 0; i < 3_000; i++)
        {
            publisher.Publish("backlog", $"{i}".PadRight(4_000, '.'));
            if (i % 100 == 0) _host.Idle();
        }

        for (var i = 0; i < 1_000; i++) publisher.Publish("memory", new string('.', 4_000));
        _host.Idle();
        Assert.NotEmpty(_host.Device!.List("segments"));
        Assert.Equal(4_000, Broker.Statistics.Broker.Now.Of(Metric.Ready));

        Delete();
        _host.Idle();

        Assert.Empty(_host.Device.List("segments"));
        Assert.InRange(Broker.Arena.BytesInUse, 0, MessageArena.BlockBytes);
        Assert.Equal(0, Broker.Statistics.Broker.Now.Of(Metric.Ready));
        _host.CrashAndOpen();
        Assert.Empty(_host.Device!.List("segments"));
    }

    [Fact]
    public void What_is_under_way_arrives_nowhere_and_what_comes_later_is_refused()
    {
        var host = Broker.AddVirtualHost(Name);
        var queue = Declare(host, "q");
        var publisher = new Publisher(Broker, host);
        var transaction = host.BeginTransaction();
        publisher.AddTo(transaction, "q", "late"u8.ToArray());
        transaction.SetNote("n"u8, "late"u8);
        _host.Idle();
        var early = publisher.Publish("q", "early");
        Assert.Equal(RetainRefusal.None, publisher.Retain("key", "early"));

        Delete();
        var reply = new RecordingCallback();
        transaction.Commit(reply);
        _host.Idle();

        // It was recorded before the deletion, and gone by it.
        Assert.Equal(Verdict.Confirmed, publisher.VerdictOf(early));
        Assert.False(reply.Durable);
        Assert.Equal(0, queue.MessageCount);
        Assert.Equal((0, 0), (host.Notes.Count, host.Retained.Count));
        Assert.Equal("vhost 'doomed' is deleted", TryDeclare(host, "q2").Error?.Text);
        Assert.Equal(NoteRefusal.Deleted, host.Notes.Set("n"u8, "v"u8));
        Assert.Equal("the virtual host is deleted", host.ChangeSettings(static s => s with { IsTracing = true }));
        Assert.Equal("there is no virtual host 'doomed'", Broker.Users.SetPermission("ann", Name, Permission.Full));
        Assert.Equal(
            "there is no virtual host 'doomed'",
            Broker.Users.SetTopicPermission("ann", Name, "amq.topic", new TopicPermission("", "")));
        var found = host.CreateRouteCache().Resolve(""u8, "q"u8, out _);
        Assert.Equal(Publishing.RouteStatus.NoExchange, found);
        _host.CrashAndOpen();
        Assert.Null(Broker.FindVirtualHost(Name));
    }

    [Fact]
    public void Its_consumers_and_connections_are_told_and_no_others()
    {
        var host = Broker.AddVirtualHost(Name);
        Broker.Users.SetPermission("ann", Name, Permission.Full);
        var queue = Declare(host, "q");
        var (inside, other) = (Connect(Name), Connect("/"));
        var subscription = new RecordingSubscription();
        queue.Consume(subscription, FlushSet.ForThisThread);
        var get = new RecordingGet();
        queue.Get(get, FlushSet.ForThisThread);

        Delete();

        Assert.Equal(SubscriptionEnd.QueueDeleted, subscription.End);
        Assert.Equal("", get.Body);
        Assert.Equal("vhost 'doomed' is deleted", inside.CloseReason);
        Assert.Null(other.CloseReason);

        // One that had found the virtual host before it was deleted.
        var late = Broker.OpenConnection(NoTransport.Create(), "sim", new BrokerUser("ann"), host);
        Assert.Equal("vhost 'doomed' is deleted", late.CloseReason);
    }

    [Fact]
    public void One_that_is_protected_or_is_not_there_stays_so()
    {
        Assert.Equal(VirtualHostDeletion.NotFound, Broker.DeleteVirtualHost(Name));
        var host = Broker.AddVirtualHost(Name);
        Assert.Null(host.ChangeSettings(static settings => settings with { IsProtected = true }));
        Assert.Equal(VirtualHostDeletion.Protected, Broker.DeleteVirtualHost(Name));
        Assert.False(host.IsDeleted);
        _host.Idle();
        _host.CrashAndOpen();
        Assert.Equal(VirtualHostDeletion.Protected, Broker.DeleteVirtualHost(Name));
    }

    [Fact]
    public void Without_room_to_record_it_everything_stays()
    {
        var host = Fill(Broker.AddVirtualHost(Name));
        _host.Idle();
        var before = Describe(host);
        FillUp();
        Assert.Equal(VirtualHostDeletion.NotRecorded, Broker.DeleteVirtualHost(Name));
        Assert.Equal(before, Describe(host));
        Assert.Null(Connect(Name).CloseReason);
        _host.Faulty.CapacityBytes = long.MaxValue;
        _host.CrashAndOpen();
        Assert.Equal(before, Describe(Broker.FindVirtualHost(Name)!));
        Delete();
    }

    [Fact]
    public async Task A_deletion_that_does_not_get_to_the_disk_is_not_promised_and_undone_by_a_restart()
    {
        var host = Fill(Broker.AddVirtualHost(Name));
        _host.Idle();
        var before = Describe(host);
        _host.Faulty.SyncErrorChance = 1;
        Delete();
        var durable = Broker.WhenDurableAsync();
        _host.Idle();
        Assert.False(await durable);
        Assert.Null(Broker.FindVirtualHost(Name));
        Assert.Equal(VirtualHostDeletion.NotRecorded, Broker.DeleteVirtualHost("/"));

        _host.Faulty.SyncErrorChance = 0;
        _host.CrashAndOpen();
        Assert.Equal(before, Describe(Broker.FindVirtualHost(Name)!));
    }

    [Fact]
    public void The_default_one_can_go_too_and_does_not_come_back_by_itself()
    {
        Assert.Equal(VirtualHostDeletion.Deleted, Broker.DeleteVirtualHost("/"));
        _host.Idle();
        Broker.AddVirtualHost(Name);
        _host.Idle();
        Assert.Null(Reopen().FindVirtualHost("/"));
        Broker.AddVirtualHost("/");
        _host.Idle();
        Assert.NotNull(Reopen().FindVirtualHost("/"));

        MessageBroker Reopen()
        {
            _host.Crash();
            _host.OpenBroker();
            return Broker;
        }
    }

    [Fact]
    public void No_id_is_given_twice_also_when_the_journal_has_forgotten_the_last_one()
    {
        var last = Broker.AddVirtualHost(Name).Id;
        Delete();
        var queue = _host.Declare("busy");
        var publisher = new Publisher(_host);
        for (var i = 0; i < 4_000; i++)
        {
            publisher.Publish("busy", new string('.', 4_000));
            if (i % 100 == 0) _host.Idle();
        }

        queue.Purge(FlushSet.ForThisThread);
        _host.Idle();
        Assert.NotEmpty(_host.Device!.List("state"));
        _host.CrashAndOpen();
        Assert.True(Broker.AddVirtualHost(Name).Id > last);
    }

    [Fact]
    public void Nobody_holds_on_to_it()
    {
        var gone = Forget(this);
        for (var i = 0; i < 10 && gone.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(gone.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Forget(DeletionTests test)
        {
            var host = test.Fill(test.Broker.AddVirtualHost(Name));
            test.Declare(host, "expires", [new(QueueArguments.Expires, 1_000_000_000L)]);
            var connection = test.Connect(Name);
            test._host.Idle();
            Assert.NotEmpty(test.Broker.LookAtPins().ByQueue);
            test.Delete();
            connection.Dispose();
            test._host.Idle();

            // What its queues have counted last is kept until it is sampled.
            test._host.Time.Advance(BrokerStatistics.PeriodMs);
            return new WeakReference(host);
        }
    }

    /// <summary>Something of everything that a virtual host can hold.</summary>
    private VirtualHost Fill(VirtualHost host)
    {
        Declare(host, "q");
        Declare(host, "quorum", [new(QueueArguments.Type, "quorum")]);
        host.DeclareExchange("e", "topic", false, true, false, false, []);
        host.BindQueue("q", "e", "a.#", [], Acting(host));
        var publisher = new Publisher(Broker, host);
        publisher.Publish("q", "one");
        publisher.Publish("quorum", "two");
        Assert.Equal(RetainRefusal.None, publisher.Retain("last", "three"));
        publisher.DelayMs = 3_600_000;
        publisher.Publish("q", "delayed");
        Assert.Equal(NoteRefusal.None, host.Notes.Set("note"u8, "four"u8));
        var policy = Policy.TryCreate(
            PolicyKind.User, "p", "^q", [new("max-length", 5L)], 0, PolicyTarget.Queues, out _);
        Assert.Null(host.Policies.Put(PolicyKind.User, policy!));
        Assert.Null(host.ChangeSettings(
            static settings => settings with { Limits = User.NoLimits.Add(LimitNames.Queues, 9) }));
        Assert.Null(Broker.Users.SetPermission("ann", host.Name, Permission.Full));
        Assert.Null(Broker.Users.SetTopicPermission(
            "ann", host.Name, "amq.topic", new TopicPermission("^a", "^b")));
        return host;
    }

    private string Describe(VirtualHost host)
    {
        var text = new StringBuilder();
        foreach (var queue in host.Catalog.Queues.Concat(host.Catalog.DelayQueues).OrderBy(static queue => queue.Id))
            text.Append($"{queue.Name}:{queue.MessageCount} ");
        foreach (var exchange in host.Catalog.Exchanges.OrderBy(static e => e.Name, StringComparer.Ordinal))
            text.Append($"{exchange.Name}:{exchange.Bindings.Count} ");
        text.Append($"{host.Id} {host.Notes.Count} {host.Retained.Count} {host.Settings.Limits.Count} ");
        text.Append($"{Broker.Users.PermissionOf("ann", host.Name)?.Read.Text} ");
        return text.Append(Broker.Users.TopicPermissions.Count()).ToString();
    }

    private void Delete() => Assert.Equal(VirtualHostDeletion.Deleted, Broker.DeleteVirtualHost(Name));

    private BrokerConnection Connect(string host) => Broker.OpenConnection(
        NoTransport.Create(), "sim", new BrokerUser("ann"), Broker.FindVirtualHost(host)!);

    private BrokerConnection Acting(VirtualHost host) =>
        Broker.ActAs(new BrokerUser("sim"), host, NoTransport.Create(), AccessRules.Unchecked);

    private BrokerQueue Declare(VirtualHost host, string name, FieldTable? arguments = null, bool durable = true)
    {
        var result = TryDeclare(host, name, arguments, durable);
        Assert.Null(result.Error);
        return result.Queue!;
    }

    private CatalogResult TryDeclare(
        VirtualHost host, string name, FieldTable? arguments = null, bool durable = true) => host.DeclareQueue(
        name, passive: false, durable, exclusive: false, autoDelete: false, arguments ?? [], Acting(host));

    /// <summary>Leaves a disk on which not even what frees something finds room.</summary>
    private void FillUp()
    {
        var queue = _host.Declare("noise", [new(QueueArguments.Type, "quorum"), new("x-delivery-limit", -1)]);
        var publisher = new Publisher(_host);
        for (var i = 0; i < 1_000; i++) publisher.Publish("noise", "noise");
        _host.Idle();
        var consumer = _host.Consume("noise");
        _host.Idle();
        _host.LeaveRoom(0);
        for (var tail = 0L; tail != Broker.Data.Journal!.TailPosition;)
        {
            tail = Broker.Data.Journal.TailPosition;
            consumer.Return(queue, countsAsFailure: false);
            _host.Idle();
        }

        Assert.True(_host.HasNoRoom);
    }
}
