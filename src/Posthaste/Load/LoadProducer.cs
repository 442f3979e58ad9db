using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Posthaste.Client;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Load;

/// <summary>One connection that publishes to one queue until it is told to stop.</summary>
internal sealed class LoadProducer(AmqpClient client, LoadPlan plan, string queue)
{
    /// <summary>
    /// Messages put out between two flushes at most, without confirms: about what one system call should carry.
    /// </summary>
    private const int BatchMax = 64;

    private readonly byte[] _key = Encoding.UTF8.GetBytes(queue);
    private readonly byte[] _body = new byte[plan.BodyBytes];
    private readonly byte[] _properties =
        new BasicProperties { DeliveryMode = plan.IsPersistent ? (byte)2 : (byte)1 }.Encode();

    private readonly ConfirmedPublisher? _confirmed =
        plan.ConfirmWindow > 0 ? new ConfirmedPublisher(client, plan.ConfirmWindow) : null;

    private long _sentCount;

    /// <summary>Messages published (with confirms: confirmed) so far; any thread.</summary>
    public long Count => Volatile.Read(ref _sentCount);

    public async Task RunAsync(CancellationToken stop)
    {
        if (_confirmed is not null) await client.SelectConfirmsAsync(stop);
        var started = Stopwatch.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            var due = await WaitUntilDueAsync(started, stop);
            for (var i = 0; i < due; i++) await PublishAsync(stop);
            // A paced message is sent at once; others when enough of them are together.
            if (_confirmed is not null && plan.RatePerProducer > 0) await _confirmed.WaitForConfirmsAsync(stop);
            else if (_confirmed is null) await client.FlushAsync(stop);
        }
    }

    private async ValueTask PublishAsync(CancellationToken stop)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_body, Stopwatch.GetTimestamp());
        if (_confirmed is null)
        {
            client.Publish([], _key, isMandatory: false, _properties, _body);
            Volatile.Write(ref _sentCount, _sentCount + 1);
            return;
        }

        await _confirmed.PublishAsync(ReadOnlyMemory<byte>.Empty, _key, _properties, _body, stop);
        Volatile.Write(ref _sentCount, _confirmed.ConfirmedCount);
    }

    private async ValueTask<int> WaitUntilDueAsync(long started, CancellationToken stop)
    {
        if (plan.RatePerProducer == 0) return BatchMax;
        while (true)
        {
            var published = _confirmed?.PublishedCount ?? _sentCount;
            var due = (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * plan.RatePerProducer) - published;
            if (due > 0) return (int)Math.Min(due, BatchMax);
            await Task.Delay(1, stop);
        }
    }
}
