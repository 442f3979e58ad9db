using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Wire;

/// <summary>Properties come out with the bytes that went in, whatever field types a client may have used.</summary>
public sealed class PropertyBytesTests(BrokerFixture broker)
{
    private const int HeadersFlag = 1 << 13;

    /// <summary>Every type of RabbitMQ's table encoding, by its tag, and a value of it.</summary>
    public static TheoryData<char, byte[]> FieldTypes => new()
    {
        { 't', [1] },
        { 'b', [0x80] },
        { 'B', [0xff] },
        { 's', [0x80, 0] },
        { 'u', [0xff, 0xff] },
        { 'I', [0x80, 0, 0, 0] },
        { 'i', [0xff, 0xff, 0xff, 0xff] },
        { 'l', [0x80, 0, 0, 0, 0, 0, 0, 0] },
        { 'f', [0x3f, 0xc0, 0, 0] },
        { 'd', [0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18] },
        { 'D', [2, 0, 0, 0, 0x7d] },
        { 'S', [0, 0, 0, 3, (byte)'a', 0, 0xff] },
        { 'A', [0, 0, 0, 7, (byte)'t', 1, (byte)'I', 0, 0, 0, 7] },
        { 'A', [0, 0, 0, 0] },
        { 'T', [0, 0, 0, 0, 0x65, 0x53, 0xf1, 0] },
        { 'F', [0, 0, 0, 4, 1, (byte)'k', (byte)'t', 0] },
        { 'F', [0, 0, 0, 0] },
        { 'V', [] },
        { 'x', [0, 0, 0, 2, 0, 1] },
    };

    [BrokerTheory]
    [MemberData(nameof(FieldTypes))]
    public Task A_header_of_every_type_is_kept_to_the_byte(char type, byte[] value) =>
        RoundTripsAsync(Headers(new WireWriter().ShortString("key").Octet(type).Raw(value)));

    [BrokerFact]
    public Task Tables_and_arrays_may_hold_each_other()
    {
        byte[] inner = new WireWriter().ShortString("deep").Octet('A').LongBytes([(byte)'V', (byte)'t', 1]).ToArray();
        byte[] middle = new WireWriter().Octet('F').LongBytes(inner).ToArray();
        return RoundTripsAsync(Headers(new WireWriter().ShortString("list").Octet('A').LongBytes(middle)));
    }

    [BrokerFact]
    public Task All_properties_at_once_are_kept_to_the_byte()
    {
        const int AllFourteen = 0b1111_1111_1111_1100;
        byte[] properties = new WireWriter()
            .Short(AllFourteen)
            .ShortString("text/plain").ShortString("utf-8").EmptyTable().Octet(2).Octet(9)
            .ShortString("correlation").ShortString("reply").ShortString("600000").ShortString("message")
            .LongLong(1_700_000_000).ShortString("type").ShortString("guest").ShortString("app").ShortString("cluster")
            .ToArray();
        return RoundTripsAsync(properties);
    }

    [BrokerFact]
    public async Task A_message_to_many_queues_keeps_its_bytes_in_each()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        string[] queues = [await client.DeclareExclusiveQueueAsync(), await client.DeclareExclusiveQueueAsync()];
        string key = $"wire.{Guid.NewGuid():N}";
        foreach (string queue in queues)
        {
            await client.SendMethodAsync(1, 50, 20, new WireWriter()
                .Short(0).ShortString(queue).ShortString("amq.direct").ShortString(key).Octet(0).EmptyTable());
            await client.ExpectAsync(50, 21);
        }
        byte[] properties = Headers(new WireWriter().ShortString("key").Octet('u').Short(7));
        await client.PublishAsync("amq.direct", key, properties, "body"u8.ToArray());
        foreach (string queue in queues)
            Assert.Equal(properties, (await client.GetAsync(queue)).Properties);
    }

    private async Task RoundTripsAsync(byte[] properties)
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        string queue = await client.DeclareExclusiveQueueAsync();
        await client.PublishAsync("", queue, properties, "body"u8.ToArray());
        WireMessage message = await client.GetAsync(queue);
        Assert.Equal(properties, message.Properties);
        Assert.Equal("body"u8.ToArray(), message.Body);
    }

    /// <summary>The property bytes of a message with nothing but headers.</summary>
    private static byte[] Headers(WireWriter entries) =>
        new WireWriter().Short(HeadersFlag).LongBytes(entries.ToArray()).ToArray();
}
