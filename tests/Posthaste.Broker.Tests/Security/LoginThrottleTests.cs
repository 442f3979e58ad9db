using System.Net;
using Posthaste.Broker.Security;
using Posthaste.Simulation.Hosting;

namespace Posthaste.Broker.Tests.Security;

public sealed class LoginThrottleTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void After_ten_failures_the_pair_waits_and_others_do_not()
    {
        var throttle = new LoginThrottle(_time);
        Fail(throttle, "10.0.0.1", "eve", 10);
        Assert.False(throttle.MayTry(At("10.0.0.1"), "eve"));
        Assert.True(throttle.MayTry(At("10.0.0.1"), "bob"));
        Assert.True(throttle.MayTry(At("10.0.0.2"), "eve"));
        _time.Advance(6_000);
        Assert.True(throttle.MayTry(At("10.0.0.1"), "eve"));
        Fail(throttle, "10.0.0.1", "eve", 1);
        Assert.False(throttle.MayTry(At("10.0.0.1"), "eve"));
    }

    [Fact]
    public void A_success_forgives_the_pair()
    {
        var throttle = new LoginThrottle(_time);
        Fail(throttle, "10.0.0.1", "eve", 9);
        throttle.Succeeded(At("10.0.0.1"), "eve");
        Fail(throttle, "10.0.0.1", "eve", 9);
        Assert.True(throttle.MayTry(At("10.0.0.1"), "eve"));
    }

    [Fact]
    public void A_network_that_tries_many_users_waits_as_a_whole()
    {
        var throttle = new LoginThrottle(_time);
        for (var i = 0; i < 100; i++) Fail(throttle, "10.0.0.1", $"user{i}", 1);
        Assert.False(throttle.MayTry(At("10.0.0.1"), "somebody"));
        Assert.True(throttle.MayTry(At("10.0.0.2"), "somebody"));
    }

    [Fact]
    public void An_ipv6_peer_counts_by_its_network()
    {
        var throttle = new LoginThrottle(_time);
        for (var i = 0; i < 10; i++) Fail(throttle, $"2001:db8:0:1::{i:x}", "eve", 1);
        Assert.False(throttle.MayTry(At("2001:db8:0:1:ffff::1"), "eve"));
        Assert.True(throttle.MayTry(At("2001:db8:0:2::1"), "eve"));
    }

    [Fact]
    public void The_table_stays_bounded_and_keeps_working()
    {
        var throttle = new LoginThrottle(_time);
        for (var i = 0; i < 50_000; i++) throttle.Failed(At("10.0.0.1"), $"user{i}");
        Assert.False(throttle.MayTry(At("10.0.0.1"), "somebody"));
    }

    private static void Fail(LoginThrottle throttle, string address, string user, int count)
    {
        for (var i = 0; i < count; i++) throttle.Failed(At(address), user);
    }

    private static IPEndPoint At(string address) => new(IPAddress.Parse(address), 1);
}
