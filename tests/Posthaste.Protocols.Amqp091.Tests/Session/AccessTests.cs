using System.Text;
using Posthaste.Broker.Security.Access;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>What a user may not do is answered with 403, changes nothing, and is recorded.</summary>
public sealed class AccessTests
{
    private AuditRecorder Audit { get; } = new();

    [Fact]
    public async Task Declaring_needs_the_configure_permission()
    {
        await using var host = Limited("^mine", ".*", ".*");
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("mine");
        await client.SendAsync(1, new QueueDeclare { Queue = "yours"u8 });
        await ExpectRefusalAsync(client, "configure access to queue 'yours'");
        Assert.False(host.Broker.FindVirtualHost("/")!.TryGetQueue("yours"u8, out _));

        client = await host.OpenChannelAsync();
        await client.SendAsync(1, new ExchangeDeclare { Exchange = "yours"u8, Type = "topic"u8 });
        await ExpectRefusalAsync(client, "configure access to exchange 'yours'");

        client = await host.OpenChannelAsync();
        await client.SendAsync(1, new QueueDelete { Queue = "yours"u8 });
        await ExpectRefusalAsync(client, "configure access to queue 'yours'");

        client = await host.OpenChannelAsync();
        await client.SendAsync(1, new ExchangeDelete { Exchange = "amq.topic"u8 });
        await ExpectRefusalAsync(client, "configure access to exchange 'amq.topic'");
    }

    [Fact]
    public async Task A_queue_that_the_broker_names_is_judged_by_its_prefix()
    {
        await using (var host = Limited("^amq\\.gen-.*$", "", ""))
        {
            var client = await host.OpenChannelAsync();
            await client.DeclareQueueAsync("");
        }

        await using (var host = Limited("^mine", "", ""))
        {
            var client = await host.OpenChannelAsync();
            await client.SendAsync(1, default(QueueDeclare));
            await ExpectRefusalAsync(client, "configure access to queue 'amq.gen-'");
        }
    }

    [Fact]
    public async Task Dead_lettering_needs_what_it_does()
    {
        await using var host = Limited(".*", "^dlx$", "^mine");
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("mine", [new("x-dead-letter-exchange", "dlx")]);
        await client.SendAsync(1, new QueueDeclare
        {
            Queue = "mine2"u8,
            Arguments = FieldTableCodec.Encode([new("x-dead-letter-exchange", "other")]),
        });
        await ExpectRefusalAsync(client, "write access to exchange 'other'");
    }

    [Fact]
    public async Task Publishing_needs_the_write_permission_and_a_change_counts_at_once()
    {
        await using var host = Limited(".*", "^amq\\.default$", ".*");
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.PublishAsync("", "q", "one");
        Assert.Equal(1u, await client.CountAsync("q"));
        await client.PublishAsync("amq.fanout", "", "no");
        await ExpectRefusalAsync(client, "write access to exchange 'amq.fanout'");

        client = await host.OpenChannelAsync();
        await client.PublishAsync("", "q", "two");
        Assert.Equal(2u, await client.CountAsync("q"));
        Assert.Null(host.Broker.Users.SetPermission("guest", "/", Permission.Create(".*", "", ".*")));
        await client.PublishAsync("", "q", "three");
        await ExpectRefusalAsync(client, "write access to exchange 'amq.default'");
    }

    [Fact]
    public async Task A_reply_address_needs_the_permission_of_the_exchange_in_it()
    {
        await using var host = Limited(".*", "^amq\\.default$", ".*");
        var client = await host.OpenChannelAsync();
        await client.PublishAsync("", "amq.reply-to.amq%2Etopic.answers", "no");
        await ExpectRefusalAsync(client, "write access to exchange 'amq.topic'");
    }

    [Fact]
    public async Task Binding_writes_to_the_queue_and_reads_from_the_exchange()
    {
        await using var host = Limited(".*", "^q$", "^amq\\.topic$");
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.DeclareQueueAsync("other");
        await BindAsync(client, "q", "amq.topic", "a");
        await client.ExpectAsync(MethodId.QueueBindOk);
        await BindAsync(client, "q", "amq.direct", "a");
        await ExpectRefusalAsync(client, "read access to exchange 'amq.direct'");

        client = await host.OpenChannelAsync();
        await BindAsync(client, "other", "amq.topic", "a");
        await ExpectRefusalAsync(client, "write access to queue 'other'");
    }

    [Fact]
    public async Task Taking_messages_needs_the_read_permission()
    {
        await using var host = Limited(".*", ".*", "^mine$");
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("mine");
        await client.DeclareQueueAsync("q");
        await client.ConsumeAsync("mine");
        await client.SendAsync(1, new BasicConsume { Queue = "q"u8 });
        await ExpectRefusalAsync(client, "read access to queue 'q'");

        client = await host.OpenChannelAsync();
        await client.SendAsync(1, new BasicGet { Queue = "q"u8 });
        await ExpectRefusalAsync(client, "read access to queue 'q'");

        client = await host.OpenChannelAsync();
        await client.SendAsync(1, new QueuePurge { Queue = "q"u8 });
        await ExpectRefusalAsync(client, "read access to queue 'q'");
    }

    [Fact]
    public async Task Topic_permissions_hold_for_keys()
    {
        await using var host = Limited(".*", ".*", ".*");
        Assert.Null(host.Broker.Users.SetTopicPermission(
            "guest", "/", "amq.topic", new TopicPermission("^{username}\\.", "^public\\.")));
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await BindAsync(client, "q", "amq.topic", "public.#");
        await client.ExpectAsync(MethodId.QueueBindOk);
        await client.PublishAsync("amq.topic", "guest.x", "yes");
        await client.PublishAsync("amq.fanout", "anything", "yes");
        await client.PublishAsync("amq.topic", "other.x", "no");
        await ExpectRefusalAsync(client, "write access to topic 'other.x' in exchange 'amq.topic'");

        client = await host.OpenChannelAsync();
        await BindAsync(client, "q", "amq.topic", "#");
        await ExpectRefusalAsync(client, "read access to topic '#' in exchange 'amq.topic'");
    }

    [Fact]
    public async Task Without_any_permission_a_virtual_host_stays_closed()
    {
        await using var host = new BrokerHost();
        host.Broker.AddVirtualHost("other");
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendStartOkAsync(TestClient.AllCapabilities, "guest");
        await client.ExpectAsync(MethodId.ConnectionTune);
        await client.SendAsync(0, new ConnectionTuneOk { ChannelMax = 2047, FrameMax = 131_072 });
        await client.SendAsync(0, new ConnectionOpen { VirtualHost = "other"u8 });
        await client.ExpectConnectionCloseAsync(
            ReplyCode.NotAllowed, "NOT_ALLOWED - access to vhost 'other' refused for user 'guest'");
    }

    [Fact]
    public async Task A_user_that_is_removed_is_told_and_disconnected()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        Assert.Null(host.Broker.Users.Remove("guest"));
        await client.ExpectConnectionCloseAsync(
            ReplyCode.ConnectionForced, "CONNECTION_FORCED - access to vhost '/' was withdrawn");
    }

    private BrokerHost Limited(string configure, string write, string read)
    {
        var host = new BrokerHost(loggers: Audit);
        Assert.Null(host.Broker.Users.SetPermission("guest", "/", Permission.Create(configure, write, read)));
        return host;
    }

    private static Task BindAsync(TestClient client, string queue, string exchange, string key) =>
        client.SendAsync(1, new QueueBind
        {
            Queue = Encoding.UTF8.GetBytes(queue),
            Exchange = Encoding.UTF8.GetBytes(exchange),
            RoutingKey = Encoding.UTF8.GetBytes(key),
        });

    private async Task ExpectRefusalAsync(TestClient client, string what)
    {
        await client.ExpectChannelCloseAsync(
            ReplyCode.AccessRefused, $"ACCESS_REFUSED - {what} in vhost '/' refused for user 'guest'");
        Assert.Contains($"AccessDenied: User 'guest', Subject '{what} in vhost '/''", Audit.Of("AccessDenied"));
    }
}
