using System.Diagnostics;
using Posthaste.Client;

namespace Posthaste.Load;

/// <summary>Puts a plan's load on a broker and measures it; leaves nothing behind.</summary>
internal sealed class LoadRun(LoadPlan plan, AmqpAddress address)
{
    private const int SampleMs = 200;

    private readonly string[] _queues =
        [.. Enumerable.Range(1, plan.QueueCount).Select(number => $"posthaste-bench-{Guid.NewGuid():n}-{number}")];

    private readonly List<LoadProducer> _producers = [];
    private readonly List<LoadConsumer> _consumers = [];
    private readonly List<AmqpClient> _clients = [];

    /// <summary>Runs the plan.</summary>
    /// <param name="progress">
    /// Gets the share of the time that has passed, and messages a second in and out since the last call.
    /// </param>
    public async Task<LoadResult> RunAsync(Action<double, double, double> progress, CancellationToken cancellation)
    {
        var control = await ConnectAsync("control", cancellation);
        try
        {
            foreach (var queue in _queues) await control.DeclareQueueAsync(queue, plan.IsPersistent, cancellation);
            return await MeasureAsync(progress, cancellation);
        }
        finally
        {
            foreach (var queue in _queues) await control.DeleteQueueAsync(queue, CancellationToken.None);
            foreach (var client in _clients) await client.DisposeAsync();
        }
    }

    private async Task<LoadResult> MeasureAsync(Action<double, double, double> progress, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var workers = await StartAsync(stop.Token);
        try
        {
            await WatchAsync(TimeSpan.FromSeconds(LoadPlan.WarmUpSeconds), workers, (_, _, _) => { }, cancellation);
            foreach (var consumer in _consumers) consumer.BeginMeasuring();
            var (published, consumed) = Totals();
            var started = Stopwatch.GetTimestamp();
            await WatchAsync(plan.Duration, workers, progress, cancellation);
            var elapsed = Stopwatch.GetElapsedTime(started);
            var (publishedAtEnd, consumedAtEnd) = Totals();

            await EndAsync(stop, workers);
            var latency = new LatencyHistogram();
            foreach (var consumer in _consumers) latency.Add(consumer.Latency);
            return new LoadResult(publishedAtEnd - published, consumedAtEnd - consumed, elapsed, latency);
        }
        finally
        {
            await EndAsync(stop, workers);
        }
    }

    private async Task<List<Task>> StartAsync(CancellationToken stop)
    {
        for (var i = 0; i < plan.ConsumerCount; i++)
            _consumers.Add(new LoadConsumer(await ConnectAsync("consumer", stop), plan, _queues[i % _queues.Length]));
        for (var i = 0; i < plan.ProducerCount; i++)
            _producers.Add(new LoadProducer(await ConnectAsync("producer", stop), plan, _queues[i % _queues.Length]));
        return
        [
            .. _consumers.Select(consumer => consumer.RunAsync(stop)),
            .. _producers.Select(producer => producer.RunAsync(stop)),
        ];
    }

    private async Task WatchAsync(
        TimeSpan duration, List<Task> workers, Action<double, double, double> progress, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var (before, (published, consumed)) = (started, Totals());
        while (Stopwatch.GetElapsedTime(started) < duration)
        {
            await Task.Delay(SampleMs, cancellation);
            // Workers run until they are told to stop: one that ended early has failed, and says why.
            if (workers.Find(worker => worker.IsCompleted) is { } ended) await ended;

            var (now, (publishedNow, consumedNow)) = (Stopwatch.GetTimestamp(), Totals());
            var seconds = Stopwatch.GetElapsedTime(before, now).TotalSeconds;
            var share = Math.Min(1, Stopwatch.GetElapsedTime(started, now) / duration);
            progress(share, (publishedNow - published) / seconds, (consumedNow - consumed) / seconds);
            (before, published, consumed) = (now, publishedNow, consumedNow);
        }
    }

    private static async Task EndAsync(CancellationTokenSource stop, List<Task> workers)
    {
        await stop.CancelAsync();
        foreach (var worker in workers)
        {
            // Being cancelled is how a worker ends; its failure was reported while it was watched.
            await worker.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private (long Published, long Consumed) Totals() =>
        (_producers.Sum(producer => producer.Count), _consumers.Sum(consumer => consumer.Count));

    private async Task<AmqpClient> ConnectAsync(string role, CancellationToken cancellation)
    {
        var client = await AmqpClient.ConnectAsync(address, $"posthaste bench {role}", cancellation);
        _clients.Add(client);
        return client;
    }
}
