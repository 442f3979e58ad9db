using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Fuzz.Wire;

/// <summary>Sound streams with everything in them that has a length, a tag or a flag.</summary>
internal static class WireCorpus
{
    public static IReadOnlyList<byte[]> Create(int frameMax)
    {
        FieldTable table = AllTypes();
        var content = FieldTableCodec.Encode(table);
        var properties = AllProperties(table).Encode();
        return
        [
            [],
            [.. ProtocolHeader.Amqp091],
            [.. MethodFrame.Heartbeat],
            content,
            properties,
            Publish(properties, [1, 2, 3], frameMax),
            Publish([0, 0], [], frameMax),
            [.. Publish([0x10, 0, 2], new byte[100], frameMax), .. Publish([0, 0], new byte[frameMax], frameMax)],
            Deliver(properties, frameMax),
            Write(0, new ConnectionStartOk
            {
                ClientProperties = content,
                Mechanism = "PLAIN"u8,
                Response = "\0guest\0guest"u8,
                Locale = "en_US"u8,
            }),
            Write(1, new QueueDeclare { Queue = "orders"u8, Durable = true, Arguments = content }),
            Write(1, new ExchangeDeclare { Exchange = "x"u8, Type = "topic"u8, Arguments = content }),
            Write(1, new QueueBind { Queue = "q"u8, Exchange = "x"u8, RoutingKey = "a.*.#"u8, Arguments = content }),
            Write(1, new BasicConsume { Queue = "q"u8, ConsumerTag = "ctag"u8, NoAck = true, Arguments = content }),
            Write(1, new BasicNack { DeliveryTag = 7, Multiple = true, Requeue = true }),
            Write(1, new ChannelClose { ReplyCode = 404, ReplyText = "NOT_FOUND - no queue 'q'"u8, FailedClass = 50 }),
        ];
    }

    private static FieldTable AllTypes() =>
    [
        new("t", true),
        new("b", FieldValue.Integer(FieldType.Int8, -1)),
        new("B", FieldValue.Integer(FieldType.UInt8, 255)),
        new("s", FieldValue.Integer(FieldType.Int16, -2)),
        new("u", FieldValue.Integer(FieldType.UInt16, 65535)),
        new("I", -3),
        new("i", FieldValue.Integer(FieldType.UInt32, uint.MaxValue)),
        new("l", -4L),
        new("f", FieldValue.Single(1.5f)),
        new("d", FieldValue.Double(2.5)),
        new("D", FieldValue.Decimal(2, 314)),
        new("S", "text"),
        new("x", FieldValue.Binary([0, 255])),
        new("T", FieldValue.Timestamp(1_700_000_000)),
        new("V", FieldValue.Void),
        new("A", FieldValue.Array(1, "a", FieldValue.Array(), FieldValue.Table([new("deep", FieldValue.Array(7L))]))),
        new("F", FieldValue.Table([new("nested", "x")])),
    ];

    private static BasicProperties AllProperties(FieldTable headers) => new()
    {
        ContentType = "text/plain",
        ContentEncoding = "identity",
        Headers = headers,
        DeliveryMode = 2,
        Priority = 9,
        CorrelationId = "c",
        ReplyTo = "r",
        Expiration = "60000",
        MessageId = "m",
        Timestamp = 1_700_000_000,
        Type = "t",
        UserId = "guest",
        AppId = "a",
        ClusterId = "",
    };

    private static byte[] Publish(byte[] properties, byte[] body, int frameMax)
    {
        var frames = new byte[ContentFrames.GetPublishSize(1, 3, properties.Length, body.Length, frameMax)];
        ContentFrames.WritePublish(frames, 1, "x"u8, "key"u8, mandatory: true, properties, body, frameMax);
        return frames;
    }

    private static byte[] Deliver(byte[] properties, int frameMax)
    {
        var frames = new byte[ContentFrames.GetDeliverSize(4, 1, 3, properties.Length, 5, frameMax)];
        ContentFrames.WriteDeliver(
            frames, 1, "ctag"u8, 1, redelivered: true, "x"u8, "key"u8, properties, "hello"u8, frameMax);
        return frames;
    }

    private static byte[] Write<TMethod>(ushort channel, TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        var frame = new byte[MethodFrame.GetBytes(in method)];
        MethodFrame.Write(frame, channel, in method);
        return frame;
    }
}
