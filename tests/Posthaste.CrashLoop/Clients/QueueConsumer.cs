using Posthaste.CrashLoop.Ledger;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.CrashLoop.Clients;

/// <summary>Reads a queue with a prefetch limit and settles in its own way.</summary>
internal abstract class QueueConsumer(QueueSpec spec, Life life) : AmqpLoadClient($"consumer {spec.Name}", life)
{
    private readonly ConsumerView _view = new();
    private readonly Lock _lock = new();
    private bool _isOver;

    protected QueueLedger Queue { get; } = life.Ledger[spec];

    protected override async Task WorkAsync(IConnection connection)
    {
        IChannel channel = await connection.CreateChannelAsync();
        await PrepareAsync(channel);
        await channel.BasicQosAsync(0, QueueSpec.Prefetch, global: false);
        await channel.BasicConsumeAsync(spec.Name, autoAck: false, new Receiver(this, channel));
        await WaitForEndAsync(channel);
        // What the library still has in its buffers was never seen by anybody.
        lock (_lock)
            _isOver = true;
        if (channel.IsOpen)
            await channel.CloseAsync();
    }

    protected virtual Task PrepareAsync(IChannel channel) => Task.CompletedTask;

    /// <summary>Settles a message that was noted.</summary>
    protected abstract Task SettleAsync(IChannel channel, ulong tag, Payload message, bool redelivered);

    /// <summary>Notes that the broker may have got a settlement: unless the library refused to send it.</summary>
    protected static async Task<bool> TrySendAsync(ValueTask send)
    {
        try
        {
            await send;
            return true;
        }
        catch (AlreadyClosedException)
        {
            return false;
        }
    }

    private async Task ReceiveAsync(IChannel channel, ulong tag, bool redelivered, ReadOnlyMemory<byte> body)
    {
        Payload message;
        lock (_lock)
        {
            if (_isOver)
                return;
            if (!Payload.TryDecode(body.Span, out message))
            {
                Ledger.Violations.Add(
                    Promise.NothingIsInvented, $"{spec.Name}: {body.Length} bytes that nobody published");
                return;
            }
            Queue.Observe(message, redelivered, _view);
        }
        Ledger.CountDelivery(redelivered);
        await SettleAsync(channel, tag, message, redelivered);
    }

    private sealed class Receiver(QueueConsumer consumer, IChannel channel) : AsyncDefaultBasicConsumer(channel)
    {
        public override async Task HandleBasicDeliverAsync(
            string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
            IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body,
            CancellationToken cancellationToken = default)
        {
            try
            {
                await consumer.ReceiveAsync(Channel, deliveryTag, redelivered, body);
            }
            catch (Exception exception)
            {
                consumer.Report(exception);
            }
        }
    }
}
