using Posthaste.Broker.Policies;
using Posthaste.Core.Catalog;
using Posthaste.Core.Policies;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Policies;

/// <summary>What policies do to queues and exchanges that are there, and to those that come.</summary>
public sealed class PolicyTests
{
    private const int TtlMs = 10_000;

    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void A_full_queue_is_trimmed_at_once_and_its_dead_go_where_the_policy_says()
    {
        _host.Declare("dead");
        _host.Declare("work");
        Publish("work", "1", "2", "3");
        Put(
            "limit", "^work$", Says("max-length", 1), Says("dead-letter-exchange", ""),
            Says("dead-letter-routing-key", "dead"));
        Assert.Equal(["3"], Bodies("work"));
        Assert.Equal(["1", "2"], Bodies("dead"));
    }

    [Fact]
    public void Operators_limits_hold_under_user_policies_and_arguments()
    {
        _host.Declare("q", [new(QueueArguments.LengthMax, 5)]);
        Publish("q", "1", "2", "3", "4", "5");
        Put("user", ".*", Says("max-length", 4));
        Assert.Equal(4, _host.Queue("q").MessageCount);
        Put(PolicyKind.Operator, "ceiling", ".*", priority: 0, PolicyTarget.Queues, Says("max-length", 2));
        Assert.Equal(["4", "5"], Bodies("q"));

        var policies = _host.Queue("q").Policies;
        Assert.Equal(("user", "ceiling"), (policies.User?.Name, policies.Operator?.Name));
        Assert.Equal([new("max-length", 2)], policies.Definition);
        Assert.Null(_host.Host.Policies.Remove(PolicyKind.Operator, "ceiling"));
        Publish("q", "6", "7", "8", "9");
        Assert.Equal(4, _host.Queue("q").MessageCount);
    }

    [Fact]
    public void The_highest_priority_counts_and_no_other()
    {
        Put(PolicyKind.User, "low", "q", priority: 1, PolicyTarget.All, Says("max-length", 1), Says("expires", 5_000));
        Put(PolicyKind.User, "high", "q", priority: 2, PolicyTarget.Queues, Says("max-length", 2));
        Put(PolicyKind.User, "other", "^x", priority: 3, PolicyTarget.Queues, Says("max-length", 3));
        Put(PolicyKind.User, "quorum", "q", priority: 4, PolicyTarget.QuorumQueues, Says("max-length", 4));
        Put(PolicyKind.User, "unsuitable", "q", priority: 5, PolicyTarget.All, Says("delivery-limit", 4));
        _host.Declare("q");
        Assert.Equal("high", _host.Queue("q").Policies.User?.Name);
        Assert.Null(_host.Queue("q").Machine.Settings.ExpiresMs);
        Assert.Null(_host.Host.Policies.Remove(PolicyKind.User, "high"));
        Assert.Equal("low", _host.Queue("q").Policies.User?.Name);
        Assert.Equal(5_000, _host.Queue("q").Machine.Settings.ExpiresMs);
    }

    [Fact]
    public void Declaring_again_compares_arguments_and_not_policies()
    {
        _host.Declare("q", [new(QueueArguments.LengthMax, 5)]);
        Put("limit", "q", Says("max-length", 1));
        Assert.Null(_host.Host.DeclareQueue(
            "q", false, true, false, false, [new(QueueArguments.LengthMax, 5)], _host.Connection).Error);
        Assert.NotNull(_host.Host.DeclareQueue(
            "q", false, true, false, false, [new(QueueArguments.LengthMax, 1)], _host.Connection).Error);
    }

    [Fact]
    public void An_unused_queue_goes_its_time_after_the_policy_came()
    {
        _host.Declare("idle");
        _host.Time.Advance(TtlMs);
        Put("expiry", "idle", Says("expires", TtlMs));
        Pass(TtlMs - 1);
        Assert.True(Exists("idle"));
        Pass(1);
        Assert.False(Exists("idle"));
    }

    [Fact]
    public void A_queue_under_a_refusing_policy_refuses_until_the_policy_goes()
    {
        _host.Declare("q");
        var publisher = new Publisher(_host);
        for (var i = 0; i < 3; i++) publisher.Publish("q", "on its way");
        Put("limit", "q", Says("max-length", 4), Says("overflow", "reject-publish"));
        _host.Idle();
        for (var i = 0; i < 3; i++) publisher.Publish("q", "later");
        _host.Idle();
        Assert.Equal((4, 4, 2), (_host.Queue("q").MessageCount, publisher.ConfirmedCount, publisher.RefusedCount));

        Assert.Null(_host.Host.Policies.Remove(PolicyKind.User, "limit"));
        publisher.Publish("q", "last");
        _host.Idle();
        Assert.Equal((5, 5), (_host.Queue("q").MessageCount, publisher.ConfirmedCount));
    }

    [Fact]
    public void An_exchange_gets_and_loses_its_alternate_for_routes_in_use()
    {
        _host.Declare("lost");
        Assert.Null(_host.Host.DeclareExchange("in", "direct", false, true, false, false, []).Error);
        Assert.Null(_host.Host.DeclareExchange("out", "fanout", false, true, false, false, []).Error);
        _host.Host.BindQueue("lost", "out", "", [], _host.Connection);
        var publisher = new Publisher(_host);

        void Send()
        {
            publisher.Add("in", "nowhere", [1], persistent: true, confirm: true);
            publisher.Flush();
            _host.Idle();
        }

        Send();
        Assert.Equal(0, _host.Queue("lost").MessageCount);
        Put(PolicyKind.User, "alternate", "^in$", 0, PolicyTarget.Exchanges, Says("alternate-exchange", "out"));
        Send();
        Assert.Equal(1, _host.Queue("lost").MessageCount);
        _host.CrashAndOpen();
        publisher = new Publisher(_host);
        Send();
        Assert.Equal(2, _host.Queue("lost").MessageCount);
        Assert.Null(_host.Host.Policies.Remove(PolicyKind.User, "alternate"));
        Send();
        Assert.Equal(2, _host.Queue("lost").MessageCount);

        Put(PolicyKind.User, "alternate", "^new$", 0, PolicyTarget.Exchanges, Says("alternate-exchange", "out"));
        Assert.Null(_host.Host.DeclareExchange("new", "direct", false, true, false, false, []).Error);
        publisher.Add("new", "nowhere", [1], persistent: true, confirm: true);
        publisher.Flush();
        _host.Idle();
        Assert.Equal(3, _host.Queue("lost").MessageCount);
    }

    [Fact]
    public void Policies_and_what_they_did_are_there_after_a_crash_and_after_a_restart()
    {
        _host.Declare("q");
        Put("ttl", "^q$", Says("message-ttl", TtlMs));
        Publish("q", "dies");
        Assert.Null(_host.Host.Policies.Remove(PolicyKind.User, "ttl"));
        Publish("q", "stays");
        Put("limit", "^q$", Says("max-length", 2));
        _host.Idle();
        for (var turn = 0; turn < 2; turn++)
        {
            if (turn == 0) _host.CrashAndOpen();
            else _host.Restart();
            Assert.Equal(["limit"], _host.Host.Policies.All(PolicyKind.User).Select(policy => policy.Name));
            Assert.Equal(2, _host.Queue("q").MessageCount);
            Assert.Equal("limit", _host.Queue("q").Policies.User?.Name);
        }

        Pass(TtlMs);
        Assert.Equal(["stays"], Bodies("q"));
        Publish("q", "1", "2", "3");
        Assert.Equal(["2", "3"], Bodies("q"));
    }

    [Fact]
    public void Many_policies_are_enough()
    {
        var limit = Says("max-length", 1);
        for (var i = 0; i < VirtualHostPolicies.PoliciesMax; i++) Put($"p{i}", "^x", limit);
        var another = Create(PolicyKind.User, "another", "^x", 0, PolicyTarget.All, limit);
        Assert.NotNull(_host.Host.Policies.Put(PolicyKind.User, another));
        Put("p0", "^y", limit);
    }

    private void Put(string name, string pattern, params KeyValuePair<string, FieldValue>[] definition) =>
        Put(PolicyKind.User, name, pattern, priority: 0, PolicyTarget.All, definition);

    private void Put(
        PolicyKind kind, string name, string pattern, int priority, PolicyTarget target,
        params KeyValuePair<string, FieldValue>[] definition)
    {
        Assert.Null(_host.Host.Policies.Put(kind, Create(kind, name, pattern, priority, target, definition)));
        _host.Idle();
    }

    private static Policy Create(
        PolicyKind kind, string name, string pattern, int priority, PolicyTarget target,
        params KeyValuePair<string, FieldValue>[] definition)
    {
        var policy = Policy.TryCreate(kind, name, pattern, [.. definition], priority, target, out var fault);
        Assert.Equal("", fault);
        return policy!;
    }

    private static KeyValuePair<string, FieldValue> Says(string key, FieldValue value) => new(key, value);

    private void Publish(string queue, params string[] bodies)
    {
        var publisher = new Publisher(_host);
        foreach (var body in bodies) publisher.Publish(queue, body);
        _host.Idle();
    }

    private IReadOnlyList<string> Bodies(string queue) => _host.DrainBodies(queue);

    private void Pass(long ms)
    {
        _host.Time.Advance(ms);
        _host.Idle();
    }

    private bool Exists(string name) => _host.Host.TryGetQueue(System.Text.Encoding.UTF8.GetBytes(name), out _);
}
