using System.Text;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>
/// Clients that say anything in any order, some of it damaged: each is served, refused or cut, nothing is logged as a
/// defect, and other clients do not notice.
/// </summary>
public sealed class SessionFuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Whatever_a_client_sends_the_broker_stays_whole(int seed)
    {
        var random = new Random(seed);
        var log = new DefectLog();
        await using var host = new BrokerHost(loggers: log);
        for (var round = 0; round < 60; round++)
        {
            var client = await host.OpenChannelAsync(blockBytes: random.Next(32, 512), outputBytesMax: 1 << 20);
            var bytes = Conversation(random, damaged: round % 2 == 0);
            for (var at = 0; at < bytes.Length && !client.Served.IsCompleted;)
            {
                var piece = int.Min(random.Next(1, 2000), bytes.Length - at);
                await client.SendAsync(bytes[at..(at + piece)]);
                at += piece;
            }

            await client.DisposeAsync();
            Assert.Empty(log.Errors);
        }

        var witness = await host.OpenChannelAsync();
        await witness.DeclareQueueAsync("witness");
        await witness.ConsumeAsync("witness", noAck: true);
        await witness.PublishAsync("", "witness", "fine");
        Assert.Equal("fine", (await witness.ExpectDeliveryAsync()).Text);
    }

    private static byte[] Conversation(Random random, bool damaged)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < 80; i++)
            bytes.AddRange(Something(random, (ushort)random.Next(1, 3)));
        byte[] all = [.. bytes];
        for (var i = 0; damaged && i < 3; i++)
            all[random.Next(all.Length)] ^= (byte)(1 << random.Next(8));
        return all;
    }

    private static byte[] Something(Random random, ushort channel)
    {
        var name = Encoding.UTF8.GetBytes($"fuzz-{random.Next(4)}");
        var tag = (ulong)random.Next(6);
        var coin = random.Next(2) == 0;
        return random.Next(26) switch
        {
            0 => Encode(channel, default(ChannelOpen)),
            1 => Encode(channel, new QueueDeclare { Queue = name, Durable = coin, NoWait = coin }),
            2 => Encode(channel, new QueueDelete { Queue = name, NoWait = coin }),
            3 => Encode(channel, new QueueBind { Queue = name, Exchange = "amq.topic"u8, RoutingKey = "#"u8 }),
            4 => Encode(channel, new QueuePurge { Queue = name }),
            5 => Encode(channel, new BasicConsume { Queue = name, NoAck = coin }),
            6 => Encode(channel, new BasicConsume { Queue = "amq.rabbitmq.reply-to"u8, NoAck = true }),
            7 => Encode(channel, new BasicCancel { ConsumerTag = name }),
            8 => Encode(channel, new BasicGet { Queue = name, NoAck = coin }),
            9 => Encode(channel, new BasicAck { DeliveryTag = tag, Multiple = coin }),
            10 => Encode(channel, new BasicNack { DeliveryTag = tag, Multiple = coin, Requeue = random.Next(2) == 0 }),
            11 => Encode(channel, new BasicReject { DeliveryTag = tag, Requeue = coin }),
            12 => Encode(channel, new BasicRecover { Requeue = true }),
            13 => Encode(channel, new BasicQos { PrefetchCount = (ushort)random.Next(4), Global = coin }),
            14 => Encode(channel, default(ConfirmSelect)),
            15 => Encode(channel, default(TxSelect)),
            16 => Encode(channel, default(TxCommit)),
            17 => Encode(channel, default(TxRollback)),
            18 => Encode(channel, new ChannelFlow { Active = coin }),
            19 => Encode(channel, default(ChannelClose)),
            20 => Encode(channel, default(ChannelCloseOk)),
            21 => MethodFrame.Heartbeat.ToArray(),
            _ => Publish(random, channel, Encoding.UTF8.GetString(name)),
        };
    }

    private static byte[] Publish(Random random, ushort channel, string queue)
    {
        var properties = new BasicProperties();
        if (random.Next(3) == 0)
            properties.Headers = [new("CC", FieldValue.Array("fuzz-0")), new("BCC", FieldValue.Array("fuzz-1"))];
        if (random.Next(4) == 0)
            properties.Expiration = $"{random.Next(3)}";
        if (random.Next(6) == 0)
            properties.ReplyTo = "amq.rabbitmq.reply-to";
        var exchange = random.Next(3) == 0 ? "amq.topic" : "";
        return TestClient.PublishFrames(
            channel, exchange, queue, new byte[random.Next(600)], properties, random.Next(2) == 0, frameBytesMax: 256);
    }

    private static byte[] Encode<TMethod>(ushort channel, TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        var frame = new byte[MethodFrame.GetBytes(method)];
        MethodFrame.Write(frame, channel, method);
        return frame;
    }
}
