using System.Text;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.AnyToAny;

/// <summary>
/// Clients of every protocol publish to clients of every protocol, and ask and answer each other. What
/// docs/protocols/mapping.md says, as the clients see it.
/// </summary>
public sealed class AnyToAnyTests(BrokerFixture broker)
{
    // What a slow machine may take from a publish to a delivery.
    private const long ExpiryToleranceMs = 30_000;

    private readonly string _key = $"any.{Guid.NewGuid():N}";

    public static TheoryData<string, string> Pairs => PairsOf("amqp", "mqtt", "stomp");

    /// <summary>Those whose clients may know no more of a message than its body.</summary>
    public static TheoryData<string, string> PairsWithPlain => PairsOf("amqp", "mqtt", "mqtt311", "stomp");

    [BrokerTheory]
    [MemberData(nameof(Pairs))]
    public async Task A_message_says_the_same_to_each(string from, string to)
    {
        await using IPeer receiver = await StartAsync(to);
        await using IPeer publisher = await StartAsync(from);
        await receiver.SubscribeAsync(_key);
        var message = new AnyMessage
        {
            Key = _key,
            Body = Encoding.UTF8.GetBytes("Grüße,\nWelt"),
            Persistent = true,
            ContentType = "text/plain; charset=utf-8",
            ContentEncoding = "identity",
            CorrelationId = "order-1"u8.ToArray(),
            ReplyTo = new AnyAddress("amq.topic", "answers.1"),
            ExpirationMs = 600_000,
            Priority = 7,
            Timestamp = 1_700_000_000,
            MessageId = "m-1",
            Type = "order.placed",
            AppId = "shop",
            Headers = [["tenant", "blue"], ["note", "a: b"], ["größe", "größer"]],
        };
        await publisher.PublishAsync(message);
        AnyMessage received = await receiver.ReceiveAsync();
        Assert.Equal(message.Description, received.Description);
        Assert.InRange(received.ExpirationMs ?? 0, message.ExpirationMs.Value - ExpiryToleranceMs, 600_000);
    }

    [BrokerTheory]
    [MemberData(nameof(PairsWithPlain))]
    public async Task Bytes_of_any_kind_arrive_as_they_are(string from, string to)
    {
        await using IPeer receiver = await StartAsync(to);
        await using IPeer publisher = await StartAsync(from);
        await receiver.SubscribeAsync(_key);
        byte[] every = [.. Enumerable.Range(0, 256).Select(octet => (byte)octet)];
        byte[][] bodies = [every, [], [0], [.. Enumerable.Repeat(every, 1000).SelectMany(bytes => bytes)]];
        foreach (byte[] body in bodies)
        {
            var message = new AnyMessage { Key = _key, Body = body };
            await publisher.PublishAsync(message);
            Assert.Equal(message.Description, (await receiver.ReceiveAsync()).Description);
        }
    }

    [BrokerTheory]
    [MemberData(nameof(Pairs))]
    public async Task A_request_is_answered(string requester, string responder)
    {
        await using IPeer answering = await StartAsync(responder);
        await using IPeer asking = await StartAsync(requester);
        await answering.RespondAsync(_key);

        // Only MQTT's clients have correlation data that are no text.
        byte[] correlationId = requester == "mqtt" ? [0, 1, 2, 0xFE, 0xFF] : "question-1"u8.ToArray();
        await asking.RequestAsync(
            new AnyMessage { Key = _key, Body = "What is it?"u8.ToArray(), CorrelationId = correlationId });
        AnyMessage answer = await asking.ReceiveAsync();
        Assert.Equal("re: What is it?", Encoding.UTF8.GetString(answer.Body));
        Assert.Equal(correlationId, answer.CorrelationId);
    }

    private static TheoryData<string, string> PairsOf(params string[] protocols) =>
        [.. protocols.SelectMany(from => protocols.Select(to => (from, to)))];

    private async Task<IPeer> StartAsync(string protocol) => protocol switch
    {
        "amqp" => await AmqpPeer.StartAsync(broker),
        "mqtt" or "mqtt311" => await ScriptPeer.MqttAsync(broker, protocol),
        _ => await ScriptPeer.StompAsync(broker),
    };
}
