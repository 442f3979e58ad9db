using System.Diagnostics;
using Posthaste.CrashLoop.Clients;
using Posthaste.CrashLoop.Clients.Mqtt;
using Posthaste.CrashLoop.Ledger;
using Posthaste.Testing;
using RabbitMQ.Client;

namespace Posthaste.CrashLoop;

/// <summary>
/// Starts a broker, loads it with clients, ends it at a moment that the seed chose, and again; then drains every queue
/// and compares what came with what was promised.
/// </summary>
internal sealed class CrashRun : IAsyncDisposable
{
    /// <summary>
    /// A journal so small that a run rolls it, moves backlogs to segments and takes snapshots all the time.
    /// </summary>
    private static readonly string[] Settings =
    [
        "--set", "JournalFileBytes=1MiB", "--set", "JournalBytesMax=4MiB", "--set", "ResidentBytesMax=4MiB",
        "--set", "ReadCacheBytesMax=4MiB", "--set", "ResidentEntriesMax=5000", "--set", "DiskFreeBytesMin=0",
    ];

    private const int ConfirmsMax = 6_000;
    private const int StartupEndEvery = 8;
    private const int StartupMsMax = 600;
    private static readonly TimeSpan ProgressDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DrainDeadline = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan LateDeadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    private readonly CrashOptions _options;
    private readonly Random _random;
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("posthaste-crash-");
    private readonly BrokerProcess _broker;
    private readonly LoopLedger _ledger = new();
    private readonly SubscriberSession _subscriber = new();
    private readonly Dictionary<string, PublisherSession> _publishers;
    private readonly List<TimeSpan> _startTimes = [];
    private int _lifeCount;
    private int _startupEndCount;

    private CrashRun(CrashOptions options)
    {
        _options = options;
        _random = new Random(options.Seed);
        _broker = new BrokerProcess(options.InMemory ? null : _data.FullName, Settings);
        // Asked for before the first start, so that it listens there.
        _broker.PortOf("stomp");
        _broker.PortOf("mqtt");
        _publishers = Topology.Flows.Where(flow => flow.MqttQoS > 0)
            .ToDictionary(flow => flow.Name, flow => new PublisherSession(flow, _ledger));
    }

    public static async Task<CrashReport> RunAsync(CrashOptions options)
    {
        await using var run = new CrashRun(options);
        try
        {
            for (int round = 0; round < options.Rounds; round++)
                await run.RunLifeAsync();
            await run.DrainAsync();
        }
        catch (InvalidOperationException exception)
        {
            // The broker did not start or stop: nothing can be said about its messages.
            run._ledger.Violations.Add(Promise.BrokerIsWell, exception.Message);
        }
        return run.Report();
    }

    public async ValueTask DisposeAsync()
    {
        await _broker.DisposeAsync();
        if (!_ledger.Violations.Any || _options.InMemory)
            _data.Delete(recursive: true);
    }

    private async Task RunLifeAsync()
    {
        _lifeCount++;
        long started = Stopwatch.GetTimestamp();
        _broker.Launch();
        // Recovery must bear a crash, too. A broker that is told to stop before it listens for signals just ends.
        if (_options.End == BrokerEnd.Kill && _random.Next(StartupEndEvery) == 0)
        {
            await Task.Delay(_random.Next(StartupMsMax));
            await _broker.KillAsync();
            _startupEndCount++;
            return;
        }
        await _broker.WaitUntilReadyAsync();
        _startTimes.Add(Stopwatch.GetElapsedTime(started));

        using var life = new Life(_ledger, _lifeCount, _broker, isDraining: false);
        // Small numbers as often as large ones: some lives end among the first messages.
        long confirmsMin = (long)Math.Pow(ConfirmsMax, _random.NextDouble());
        Task[] clients = await StartClientsAsync(life);
        await WaitForConfirmsAsync(life, confirmsMin);
        life.BeginEnd();
        await EndBrokerAsync();
        life.End();
        await Task.WhenAll(clients);
        if (_options.End == BrokerEnd.Terminate)
            BoundMarks();
        CheckLog();
        Progress();
    }

    private async Task<Task[]> StartClientsAsync(Life life)
    {
        await using (IConnection connection = await life.Factory.CreateConnectionAsync())
            await Topology.DeclareAsync(connection);
        await RetainedReader.CheckAsync(life.MqttPort, _ledger);
        List<LoadClient> clients = [];
        foreach (QueueSpec queue in Topology.Queues)
        {
            if (!life.IsDraining && life.Number % queue.ReadEveryLives != 0)
                continue;
            for (int i = 0; i < queue.ConsumerCount; i++)
                clients.Add(await CreateConsumerAsync(queue, life));
        }
        // An MQTT publisher finishes what it began.
        foreach (Flow flow in Topology.Flows.Where(flow => !life.IsDraining || flow.MqttQoS > 0))
            clients.Add(CreateProducer(flow, life));
        return [.. clients.Select(client => Task.Run(client.RunAsync))];
    }

    private LoadClient CreateProducer(Flow flow, Life life) =>
        flow.IsStomp ? new StompProducer(flow, life)
        : flow.MqttQoS > 0 ? new MqttProducer(_publishers[flow.Name], life)
        : flow.TransactionLength > 0 ? new TransactionProducer(flow, life)
        : new ConfirmedProducer(flow, life);

    private async Task<LoadClient> CreateConsumerAsync(QueueSpec queue, Life life) => queue.Kind switch
    {
        ConsumerKind.Committing or ConsumerKind.Forwarding => new CommittingConsumer(queue, life),
        ConsumerKind.Subscribing => await MqttSubscriber.OpenAsync(queue, _subscriber, life),
        _ => new ManualConsumer(queue, life, _random.Next()),
    };

    private async Task WaitForConfirmsAsync(Life life, long confirmsMin)
    {
        var elapsed = Stopwatch.StartNew();
        while (life.ConfirmedCount < confirmsMin)
        {
            if (elapsed.Elapsed > ProgressDeadline)
            {
                _ledger.Violations.Add(Promise.BrokerIsWell,
                    $"life {life.Number}: {life.ConfirmedCount} of {confirmsMin} confirms after {ProgressDeadline}");
                return;
            }
            await Task.Delay(PollInterval);
        }
    }

    private async Task EndBrokerAsync()
    {
        if (_options.End == BrokerEnd.Kill)
        {
            await _broker.KillAsync();
            return;
        }
        int exitCode = await _broker.StopAsync();
        if (exitCode != 0)
            _ledger.Violations.Add(Promise.BrokerIsWell, $"life {_lifeCount}: exit code {exitCode} after SIGTERM");
    }

    /// <summary>Reads until every queue is empty, then judges.</summary>
    private async Task DrainAsync()
    {
        await _broker.StartAsync();
        var elapsed = Stopwatch.StartNew();
        var late = new Stopwatch();
        while (true)
        {
            await DrainOnceAsync();
            // What is on its way from one queue to another is in none of them for a moment.
            if (!late.IsRunning && await CountMessagesAsync() == 0)
                late.Start();
            if (late.IsRunning && (_ledger.IsComplete || late.Elapsed > LateDeadline))
                break;
            if (elapsed.Elapsed > DrainDeadline)
            {
                _ledger.Violations.Add(Promise.BrokerIsWell, $"the queues were not empty after {DrainDeadline}");
                break;
            }
        }
        _ledger.CheckDrained();
        await _broker.StopAsync();
        await CheckEmptyAsync();
        CheckLog();
    }

    private async Task DrainOnceAsync()
    {
        using var life = new Life(_ledger, _lifeCount, _broker, isDraining: true);
        Task[] clients = await StartClientsAsync(life);
        var elapsed = Stopwatch.StartNew();
        while (await CountMessagesAsync() > 0 && elapsed.Elapsed < DrainDeadline)
            await Task.Delay(PollInterval);
        life.BeginEnd();
        life.End();
        await Task.WhenAll(clients);
    }

    /// <summary>What was settled before a clean shutdown stays settled.</summary>
    private async Task CheckEmptyAsync()
    {
        await _broker.StartAsync();
        long count = _options.InMemory ? 0 : await CountMessagesAsync();
        if (count > 0)
            _ledger.Violations.Add(Promise.CommittedIsGone, $"{count} messages came back after a clean shutdown");
        await RetainedReader.CheckAsync(_broker.PortOf("mqtt"), _ledger);
        await _broker.StopAsync();
    }

    /// <summary>Messages ready in all queues.</summary>
    private async Task<long> CountMessagesAsync()
    {
        await using IConnection connection = await Life.FactoryFor(_broker.AmqpPort).CreateConnectionAsync();
        await using IChannel channel = await connection.CreateChannelAsync();
        long count = 0;
        foreach (QueueSpec queue in Topology.Queues)
            count += await channel.MessageCountAsync(queue.Name);
        return count;
    }

    /// <summary>
    /// At each stop so far as many messages may have been on their way to the consumers as they take at a time.
    /// </summary>
    private void BoundMarks()
    {
        foreach (QueueLedger queue in _ledger.Queues)
            queue.BoundUnseenMarked((long)_lifeCount * queue.Spec.InFlightMax);
    }

    private void CheckLog()
    {
        foreach (string line in _broker.TakeErrors())
            _ledger.Violations.Add(Promise.BrokerIsWell, $"life {_lifeCount} logged: {line}");
    }

    private void Progress() => _options.Output.WriteLine(
        $"{_lifeCount,4}/{_options.Rounds}  {_ledger.ConfirmedCount,10:N0} confirmed  "
        + $"{_ledger.DeliveredCount,10:N0} delivered  {_ledger.RedeliveredCount,8:N0} again  "
        + $"ready in {_startTimes[^1].TotalSeconds:0.00} s"
        + (_ledger.Violations.Any ? "  VIOLATED" : ""));

    private CrashReport Report()
    {
        string? kept = _ledger.Violations.Any && !_options.InMemory ? _data.FullName : null;
        return new CrashReport(_options, _ledger, _lifeCount, _startupEndCount, _startTimes, kept, _broker.Log);
    }
}
