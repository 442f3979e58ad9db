using System.Text;
using Posthaste.Broker.Security.Access;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>For any permissions AMQP's answer is the model's.</summary>
public sealed class AccessMatrixTests
{
    private static readonly string[] Exchanges = ["", AccessMatrix.TopicExchange, "x"];

    [Fact]
    public async Task Any_permissions_mean_what_the_table_says()
    {
        await using var host = new BrokerHost();
        AccessMatrix.Check(Enum.GetValues<Operation>(), Exchanges, entry => IsAllowedAsync(host, entry));
    }

    private static async Task<bool> IsAllowedAsync(BrokerHost host, AccessCase entry)
    {
        var users = host.Broker.Users;
        Assert.Null(users.SetPermission("guest", "/", Permission.Full));
        Assert.Null(users.SetTopicPermission("guest", "/", AccessMatrix.TopicExchange, null));
        await using var client = await host.OpenAsync();
        await client.OpenChannelAsync(1);
        foreach (var queue in AccessMatrix.Queues) await client.DeclareQueueAsync(queue);
        await client.SendAsync(1, new ExchangeDeclare { Exchange = "x"u8, Type = "direct"u8 });
        await client.ExpectAsync(MethodId.ExchangeDeclareOk);
        if (entry.TopicWrite is { } write)
        {
            Assert.Null(users.SetTopicPermission(
                "guest", "/", AccessMatrix.TopicExchange, new TopicPermission(write.Text, entry.TopicRead!.Text)));
        }

        Assert.Null(users.SetPermission(
            "guest", "/", Permission.Create(entry.Configure.Text, entry.Write.Text, entry.Read.Text)));
        await SendAsync(client, entry);

        // Answered in order: what was refused has closed the channel before.
        await client.SendAsync(1, new BasicQos { PrefetchCount = 1 });
        while (await client.ReadAsync() is { } frame)
        {
            if (frame.Method == MethodId.BasicQosOk) return true;
            if (frame.Method != MethodId.ChannelClose) continue;
            Assert.True(ChannelClose.TryRead(frame.Payload, out var close));

            // What was let through may still be refused for what it is, as deleting `amq.topic` is.
            return close.ReplyText.IndexOf("refused for user"u8) < 0;
        }

        throw new InvalidDataException("the connection was closed");
    }

    private static Task SendAsync(TestClient client, AccessCase entry)
    {
        var (queue, exchange) = (Bytes(entry.Queue), Bytes(entry.Exchange));
        return entry.Operation switch
        {
            Operation.DeclareQueue => client.SendAsync(1, new QueueDeclare { Queue = queue }),
            Operation.DeclareQueueWithDeadLetters => client.SendAsync(
                1, new QueueDeclare { Queue = queue, Arguments = Table("x-dead-letter-exchange", entry.Other) }),
            Operation.DeleteQueue => client.SendAsync(1, new QueueDelete { Queue = queue }),
            Operation.DeclareExchange => client.SendAsync(
                1, new ExchangeDeclare { Exchange = exchange, Type = "direct"u8 }),
            Operation.DeclareExchangeWithAlternate => client.SendAsync(1, new ExchangeDeclare
            {
                Exchange = exchange,
                Type = "direct"u8,
                Arguments = Table("alternate-exchange", entry.Other),
            }),
            Operation.DeleteExchange => client.SendAsync(1, new ExchangeDelete { Exchange = exchange }),
            Operation.Bind => client.SendAsync(
                1, new QueueBind { Queue = queue, Exchange = exchange, RoutingKey = Bytes(entry.Key) }),
            Operation.Unbind => client.SendAsync(
                1, new QueueUnbind { Queue = queue, Exchange = exchange, RoutingKey = Bytes(entry.Key) }),
            Operation.Publish => client.PublishAsync(entry.Exchange, entry.Key, "x"),
            Operation.Consume => client.SendAsync(1, new BasicConsume { Queue = queue }),
            Operation.Get => client.SendAsync(1, new BasicGet { Queue = queue }),
            _ => client.SendAsync(1, new QueuePurge { Queue = queue }),
        };
    }

    private static byte[] Table(string name, string value) => FieldTableCodec.Encode([new(name, value)]);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
