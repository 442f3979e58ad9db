using System.Buffers.Binary;
using Posthaste.Client;

namespace Posthaste.Load;

/// <summary>One connection that consumes from one queue until it is told to stop.</summary>
internal sealed class LoadConsumer(AmqpClient client, LoadPlan plan, string queue) : IAmqpReceiver
{
    private ulong _lastTag;
    private long _receivedCount;
    private bool _isMeasuring;

    /// <summary>Messages received so far; any thread.</summary>
    public long Count => Volatile.Read(ref _receivedCount);

    /// <summary>Time from publish to receipt, while measuring. Read it after the run.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Starts recording latencies; any thread.</summary>
    public void BeginMeasuring() => Volatile.Write(ref _isMeasuring, true);

    public async Task RunAsync(CancellationToken stop)
    {
        await client.ConsumeAsync(queue, plan.Prefetch, stop);
        while (!stop.IsCancellationRequested)
        {
            var acknowledged = _lastTag;
            await client.ReceiveAsync(this, stop);
            if (plan.Prefetch == 0 || _lastTag == acknowledged) continue;
            client.Acknowledge(_lastTag, multiple: true);
            await client.FlushAsync(stop);
        }
    }

    void IAmqpReceiver.Delivered(in ReceivedMessage message)
    {
        _lastTag = message.DeliveryTag;
        Volatile.Write(ref _receivedCount, _receivedCount + 1);
        if (Volatile.Read(ref _isMeasuring)) Latency.RecordSince(BinaryPrimitives.ReadInt64LittleEndian(message.Body));
    }

    void IAmqpReceiver.Returned(in ReceivedMessage message) => throw Unasked();

    void IAmqpReceiver.Confirmed(ulong publishNumber, bool multiple, bool isAccepted) => throw Unasked();

    private static AmqpClientException Unasked() => new("the broker answers a publish that was never made");
}
