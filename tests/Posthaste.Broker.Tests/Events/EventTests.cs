using Posthaste.Broker.Connections;
using Posthaste.Broker.Events;
using Posthaste.Broker.Flow;
using Posthaste.Broker.Policies;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Tests.Taps;
using Posthaste.Core.Policies;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Events;

/// <summary>What is told at amq.rabbitmq.event, in which order, and that nothing is when nobody listens.</summary>
public sealed class EventTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void WhatIsDeclaredAndDeletedIsToldInItsOrder()
    {
        var events = Watch();
        _host.Host.DeclareExchange("x", "topic", false, true, false, false, FieldTable.Empty, _host.Connection);
        _host.Declare("q", [new("x-max-length", 5)]);
        _host.Host.BindQueue("q", "x", "a.#", FieldTable.Empty, _host.Connection);
        _host.Host.DeleteExchange("x", ifUnused: false, _host.Connection);
        _host.Host.DeleteQueue("q", false, false, _host.Connection, out _);
        _host.Idle();

        Assert.Equal(
            [
                "exchange.created", "queue.created", "binding.created", "binding.deleted", "exchange.deleted",
                "queue.deleted",
            ], Keys(events));
        var created = events.All[1].Headers;
        Assert.Equal("q", Text(created, "name"));
        Assert.Equal("rabbit_classic_queue", Text(created, "type"));
        Assert.Equal("sim", Text(created, "user_who_performed_action"));
        Assert.True(created.TryGetInt64("timestamp_in_ms", out var atMs));
        Assert.Equal(_host.Broker.NowMs, atMs);
        Assert.All(events.All, happened => Assert.Equal("", happened.Body));
    }

    [Fact]
    public void ConnectionsConsumersAndAlarmsComeAndGo()
    {
        _host.Declare("q");
        var events = Watch();
        var connection = _host.Connect();
        var consumer = new RecordingSubscription { By = connection, Exclusive = true };
        _host.Queue("q").Consume(consumer, FlushSet.ForThisThread);
        _host.Queue("q").Cancel(consumer, FlushSet.ForThisThread);
        connection.Dispose();
        _host.Broker.Alarms.Set(ResourceAlarm.Disk, active: true);
        _host.Broker.Alarms.Set(ResourceAlarm.Disk, active: false);
        _host.Idle();

        Assert.Equal(
            [
                "connection.created", "consumer.created", "consumer.deleted", "connection.closed", "alarm.set",
                "alarm.cleared",
            ], Keys(events));
        Assert.Equal(Text(events.All[0].Headers, "pid"), Text(events.All[3].Headers, "pid"));
        Assert.Equal("disk", Text(events.All[4].Headers, "source"));
    }

    [Fact]
    public void WhatOperatorsChangeIsToldWithWhoHasDoneIt()
    {
        var events = Watch();
        ActingUser.Set("ann");
        var users = _host.Broker.Users;
        users.Put(new User("bob") { Tags = ["monitoring"] });
        users.SetPermission("bob", "/", Permission.Full);
        users.SetTopicPermission("bob", "/", "amq.topic", new TopicPermission("a", "b"));
        users.SetTopicPermission("bob", "/", "amq.topic", null);
        users.SetPermission("bob", "/", null);
        users.Update("bob", user => user with { Limits = User.NoLimits.Add("max-connections", 1) });
        users.Remove("bob");
        _host.Broker.AddVirtualHost("v").ChangeSettings(settings => settings with { Description = "new" });
        var policy = Policy.TryCreate(
            PolicyKind.User, "p", "^q", [new("max-length", 1)], 0, PolicyTarget.Queues, out _)!;
        _host.Host.Policies.Put(PolicyKind.User, policy);
        _host.Host.Policies.Remove(PolicyKind.User, "p");
        _host.Host.Policies.Remove(PolicyKind.User, "p");
        _host.Broker.Parameters.Set("ring", "2");
        _host.Broker.Parameters.Remove("ring");
        _host.Idle();

        Assert.Equal(
            [
                "user.created", "user.tags.set", "permission.created", "topic.permission.created",
                "topic.permission.deleted", "permission.deleted", "user.limits.set", "user.deleted", "vhost.created",
                "vhost.updated", "policy.set", "policy.cleared", "parameter.set", "parameter.cleared",
            ], Keys(events));
        Assert.All(events.All, happened => Assert.Equal("ann", Text(happened.Headers, "user_who_performed_action")));
    }

    [Fact]
    public void NothingIsMadeWhileNothingIsBound()
    {
        var queue = _host.Declare("q");
        var consumer = new RecordingSubscription { By = _host.Connection };
        var events = _host.Broker.Events;

        Assert.False(events.IsWatched);
        Assert.Equal(0, Allocations.OfHundred(() => events.ConsumerAdded(queue, consumer)));
        Assert.Equal(0, Allocations.OfHundred(() => events.ConnectionOpened(_host.Connection)));

        Watch();
        Assert.True(events.IsWatched);
        _host.Host.DeleteQueue("events", false, false, _host.Connection, out _);
        Assert.False(events.IsWatched);
    }

    [Fact]
    public void AFloodIsBoundedAndKeepsItsOrder()
    {
        var events = Watch();
        for (var i = 0; i < 6_000; i++)
        {
            _host.Host.DeclareExchange($"x{i}", "fanout", false, false, false, false, FieldTable.Empty);
            _host.Host.DeleteExchange($"x{i}", ifUnused: false);
        }

        _host.Idle();

        Assert.Equal(2_000, _host.Broker.Events.LostCount);
        Assert.Equal(10_000, events.All.Count);
        Assert.All(events.All.Chunk(2), pair => Assert.Equal(
            (Text(pair[0].Headers, "name"), "exchange.created", "exchange.deleted"),
            (Text(pair[1].Headers, "name"), pair[0].Key, pair[1].Key)));
    }

    [Fact]
    public void ADurableQueueKeepsThemAndARestartTellsNothingOfWhatWasThere()
    {
        _host.Declare("q");
        _host.Declare("events");
        _host.Host.BindQueue("events", "amq.rabbitmq.event", "queue.#", FieldTable.Empty, _host.Connection);
        _host.Declare("other");
        _host.Idle();
        _host.CrashAndOpen();
        _host.Idle();

        Assert.True(_host.Broker.Events.IsWatched);
        var events = Consume(_host.Connection, "events");
        Assert.Equal(["queue.created"], Keys(events));
        Assert.Equal("other", Text(events.All[0].Headers, "name"));
    }

    private HeaderSubscription Watch()
    {
        _host.Declare("events", durable: false);
        _host.Host.BindQueue("events", "amq.rabbitmq.event", "#", FieldTable.Empty, _host.Connection);
        _host.Idle();
        var events = Consume(_host.Connection, "events");
        events.All.Clear();
        return events;
    }

    private HeaderSubscription Consume(BrokerConnection by, string queue)
    {
        var subscription = new HeaderSubscription(by) { NoAck = true };
        _host.Queue(queue).Consume(subscription, FlushSet.ForThisThread);
        _host.Idle();
        return subscription;
    }

    private static IEnumerable<string> Keys(HeaderSubscription events) => events.All.Select(happened => happened.Key);

    private static string Text(FieldTable table, string key) =>
        table.TryGetString(key, out var text) ? text : throw new KeyNotFoundException(key);
}
