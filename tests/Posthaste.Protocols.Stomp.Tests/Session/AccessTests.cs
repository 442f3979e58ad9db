using Posthaste.Broker.Security.Access;

namespace Posthaste.Protocols.Stomp.Tests.Session;

/// <summary>What a user may not do is answered with an ERROR, changes nothing, and is recorded.</summary>
public sealed class AccessTests
{
    [Theory]
    [InlineData(".*", "^nothing$", ".*", "/queue/q", "write access to exchange 'amq.default'")]
    [InlineData("^nothing$", ".*", ".*", "/queue/q", "configure access to queue 'q'")]
    [InlineData(".*", "^nothing$", ".*", "/topic/t", "write access to exchange 'amq.topic'")]
    [InlineData(".*", "^amq.topic$", ".*", "/exchange/amq.direct/k", "write access to exchange 'amq.direct'")]
    public async Task A_SEND_needs_the_write_permission(
        string configure, string write, string read, string destination, string access)
    {
        await using var host = Limited(out var audit, configure, write, read);
        var client = await host.OpenAsync();
        await client.PublishAsync(destination, "x");
        await ExpectRefusalAsync(client, audit, access);
        Assert.All(host.Broker.Queues, static queue => Assert.Equal(0, queue.MessageCount));
    }

    [Theory]
    [InlineData(".*", ".*", "^nothing$", "/queue/q", "read access to queue 'q'")]
    [InlineData("^nothing$", ".*", ".*", "/queue/q", "configure access to queue 'q'")]
    [InlineData(".*", ".*", "^stomp", "/topic/t", "read access to exchange 'amq.topic'")]
    public async Task A_SUBSCRIBE_needs_what_its_queue_does(
        string configure, string write, string read, string destination, string access)
    {
        await using var host = Limited(out var audit, configure, write, read);
        var client = await host.OpenAsync();
        await client.SendAsync($"SUBSCRIBE\nid:0\ndestination:{destination}\n\n\0");
        await ExpectRefusalAsync(client, audit, access);
    }

    [Fact]
    public async Task Topic_permissions_hold_for_what_is_sent_and_subscribed_to()
    {
        await using var host = Limited(out var audit, ".*", ".*", ".*");
        Assert.Null(host.Broker.Users.SetTopicPermission(
            "guest", "/", "amq.topic", new TopicPermission(@"^{username}\.", @"^public\.")));
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/topic/public.#");
        await client.PublishAsync("/topic/guest.x", "x");
        await client.FenceAsync();
        await client.PublishAsync("/topic/other.x", "x");
        await ExpectRefusalAsync(client, audit, "write access to topic 'other.x' in exchange 'amq.topic'");
        client = await host.OpenAsync();
        await client.SendAsync("SUBSCRIBE\nid:0\ndestination:/topic/#\n\n\0");
        await ExpectRefusalAsync(client, audit, "read access to topic '#' in exchange 'amq.topic'");
    }

    [Fact]
    public async Task The_end_of_a_virtual_host_is_told_as_that_and_not_as_the_end_of_a_queue()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/q");
        await client.SendAsync("BEGIN\ntransaction:t\n\n\0");
        host.Broker.DeleteVirtualHost("/");
        await client.ExpectErrorAsync("connection_forced", "vhost '/' is deleted");
        client = host.Connect();
        await client.SendAsync("CONNECT\naccept-version:1.2\nlogin:guest\npasscode:guest\n\n\0");
        await client.ExpectErrorAsync("Bad CONNECT", "Virtual host '/' access denied");
    }

    [Fact]
    public async Task A_virtual_host_without_a_permission_is_closed()
    {
        await using var host = Limited(out var audit, ".*", ".*", ".*");
        host.Broker.AddVirtualHost("other");
        var client = host.Connect();
        await client.SendAsync("CONNECT\naccept-version:1.2\nhost:other\nlogin:guest\npasscode:guest\n\n\0");
        await client.ExpectErrorAsync("Bad CONNECT", "Virtual host 'other' access denied");
        Assert.Contains("access to vhost 'other'", Assert.Single(audit.Of("AccessDenied")));
    }

    private static async Task ExpectRefusalAsync(TestClient client, AuditRecorder audit, string access)
    {
        await client.ExpectErrorAsync("access_refused", $"{access} in vhost '/' refused for user 'guest'");
        Assert.Contains($"AccessDenied: User 'guest', Subject '{access} in vhost '/''", audit.Of("AccessDenied"));
    }

    private static BrokerHost Limited(out AuditRecorder audit, string configure, string write, string read)
    {
        audit = new AuditRecorder();
        var host = new BrokerHost(loggers: audit);
        Assert.Null(host.Broker.Users.SetPermission("guest", "/", Permission.Create(configure, write, read)));
        return host;
    }
}
