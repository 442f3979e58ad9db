using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.Infrastructure;

/// <summary>One delivery as a consumer saw it, its body copied out of the client's buffer.</summary>
internal sealed record Delivery(
    string ConsumerTag,
    ulong Tag,
    bool Redelivered,
    string Exchange,
    string RoutingKey,
    IReadOnlyBasicProperties Properties,
    byte[] Bytes)
{
    public string Body => Encoding.UTF8.GetString(Bytes);
}

/// <summary>A consumer that keeps every delivery and every cancellation for the test to look at.</summary>
internal sealed class Inbox(IChannel channel) : AsyncDefaultBasicConsumer(channel)
{
    private readonly Channel<Delivery> _deliveries = System.Threading.Channels.Channel.CreateUnbounded<Delivery>();
    private readonly ConcurrentQueue<Delivery> _seen = new();
    private readonly TaskCompletionSource<string> _cancelled =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How many deliveries arrived so far, taken or not.</summary>
    public int SeenCount => _seen.Count;

    /// <summary>The tag of the consumer that the broker cancelled.</summary>
    public Task<string> Cancelled => _cancelled.Task;

    public string Tag { get; private set; } = "";

    /// <summary>Consumes from <paramref name="queue"/> and returns once the broker has accepted the consumer.</summary>
    public static async Task<Inbox> OpenAsync(
        IChannel channel,
        string queue,
        bool autoAck = false,
        bool exclusive = false,
        string tag = "",
        IDictionary<string, object?>? arguments = null)
    {
        var inbox = new Inbox(channel);
        inbox.Tag = await channel.BasicConsumeAsync(queue, autoAck, tag, false, exclusive, arguments, inbox);
        return inbox;
    }

    public override Task HandleBasicDeliverAsync(
        string consumerTag,
        ulong deliveryTag,
        bool redelivered,
        string exchange,
        string routingKey,
        IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default)
    {
        var delivery = new Delivery(
            consumerTag,
            deliveryTag,
            redelivered,
            exchange,
            routingKey,
            new BasicProperties(properties),
            body.ToArray());
        _seen.Enqueue(delivery);
        _deliveries.Writer.TryWrite(delivery);
        return Task.CompletedTask;
    }

    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        _cancelled.TrySetResult(consumerTag);
        return base.HandleBasicCancelAsync(consumerTag, cancellationToken);
    }

    public Task<Delivery> NextAsync() =>
        Wait.ForAsync("a delivery", _deliveries.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask());

    public async Task<Delivery[]> NextAsync(int count)
    {
        var deliveries = new Delivery[count];
        for (int i = 0; i < count; i++)
            deliveries[i] = await NextAsync();
        return deliveries;
    }
}
