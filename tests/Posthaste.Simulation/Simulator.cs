using Posthaste.Broker;
using Posthaste.Primitives;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Simulation.Model;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;

namespace Posthaste.Simulation;

/// <summary>
/// One run: clients, time, crashes and disk faults, all drawn from one seed and done on one thread, checked against a
/// <see cref="BrokerModel"/>.
/// The same seed does the same again.
/// </summary>
internal sealed partial class Simulator
{
    private const int ProducersMax = 4;

    private readonly SimulationOptions _options;
    private readonly SeededRandom _random;
    private readonly BrokerModel _model;
    private readonly BrokerHost _host;
    private readonly List<SimulatedProducer> _producers = [];
    private readonly List<SimulatedProducer> _transactors = [];
    private readonly List<SimulatedConsumer> _consumers = [];
    private readonly List<(ModelQueue Queue, SimulatedGet Get)> _gets = [];
    private readonly List<ModelQueue> _fan = [];
    private int _queueNumber;

    public Simulator(SimulationOptions options)
    {
        _options = options;
        _random = new SeededRandom(options.Seed);
        _model = new BrokerModel { IsOff = () => IsOff, SeesDamage = SeesDamage };
        _host = new BrokerHost(new FaultyDevice(_random.NextBits()), _random.NextBits(), options.Wrap);
        if (options.IsEncrypted) _host.Options.EncryptionKey = MasterKey.TryParse(new string('a', 64));
    }

    /// <summary>Crashes and power cuts, for the statistics.</summary>
    public int CrashCount { get; private set; }

    public int RestartCount { get; private set; }

    public int MessageCount => _model.MessageCount;

    public long DeliveryCount => _model.DeliveryCount;

    /// <exception cref="SimulationFailure">The broker broke a rule.</exception>
    public void Run()
    {
        // Sessions go on where the scheduler has them: a context of the caller's would take them to other threads.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            RunSteps();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private void RunSteps()
    {
        _host.Open();
        MakeMqttClients();
        StartMqtt();
        _host.Host.DeclareExchange("fan", "fanout", false, true, false, false, []);
        var producers = _random.Between(1, ProducersMax);
        for (var i = 0; i < producers; i++) _producers.Add(new SimulatedProducer(_model, i, _random.Chance(0.8)));
        for (var i = 0; i < 2; i++) _transactors.Add(new SimulatedProducer(_model, producers + i, confirms: false));
        Connect();
        for (var i = _random.Between(1, Topology.QueuesMax); i > 0; i--) AddQueue();
        for (var i = 0; i < _options.StepCount; i++)
        {
            _options.Trace?.Invoke(
                $"step {i}: {MessageCount} messages, {DeliveryCount} deliveries, {CrashCount} crashes");
            try
            {
                Act();
                ActTenants();
            }
            catch (SimulationFailure e) when (_host.Errors.Take() is { Count: > 0 } errors)
            {
                throw new SimulationFailure($"{e.Message}; the broker said: {string.Join("; ", errors)}", e);
            }
        }

        Finish();
    }

    private void Act()
    {
        if (IsOff) Crash();
        if (!HasTarget) AddQueue();
        if (!HasTarget)
        {
            // A broker whose journal has failed declares nothing: the next one can, or this step does nothing.
            Crash();
            AddQueue();
            if (!HasTarget) return;
        }

        var act = _random.Below(130);
        _options.Trace?.Invoke($"act {act} failed {!IsWorking} off {IsOff} full {_host.Broker.Pipeline.IsFull}");
        switch (act)
        {
            case < 30: Publish(); break;
            case < 32: ChangeNote(); break;
            case < 34: Retain(); break;
            case < 39: Commit(); break;
            case < 60: FinishDeliveries(); break;
            case < 68: AddConsumer(); break;
            case < 72: CancelConsumer(); break;
            case < 75: Get(); break;
            case < 80: _host.Time.Advance(_random.Between(1, _random.Chance(0.1) ? 30_000 : 500)); break;
            case < 84: _host.Step(); break;
            case < 91: Rest(); break;
            case < 92: Purge(); break;
            case < 93: ReplaceQueue(); break;
            case < 95: Stumble(); break;
            case < 98: Crash(); break;
            case < 100: Restart(); break;
            default: ActMqtt(); break;
        }
    }

    private ModelQueue AnyQueue() => Pick([.. _model.Queues.Values]);

    private bool HasTarget => _model.Queues.Values.Any(queue => !queue.IsForDeadLetters);

    private ModelQueue AnyTarget() => Pick([.. _model.Queues.Values.Where(queue => !queue.IsForDeadLetters)]);

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Below(items.Count)];

    private int BodyBytes() => _random.Below(20) switch
    {
        0 => _random.Between(60_000, 200_000),
        < 5 => _random.Between(2_000, 20_000),
        _ => _random.Between(8, 400),
    };

    private void Publish()
    {
        var producer = Pick(_producers);
        var target = AnyTarget();
        var toAll = _random.Chance(0.2) && _fan.Count > 0;
        var ttlMs = _random.Chance(0.05) ? _random.Between(0, 5_000) : -1;
        for (var i = _random.Between(1, 30); i > 0; i--)
        {
            var (persistent, priority, bytes) = (_random.Chance(0.7), (byte)_random.Below(8), BodyBytes());
            if (toAll) producer.Publish("fan", "", [.. _fan], persistent, priority, ttlMs, bytes);
            else producer.Publish("", target.Name, [target], persistent, priority, ttlMs, bytes);
        }

        producer.Flush();
    }

    private void Commit()
    {
        var messages = new List<(ModelQueue, bool, byte, int)>();
        for (var i = _random.Below(6); i > 0; i--)
        {
            messages.Add((AnyTarget(), _random.Chance(0.9), (byte)_random.Below(8), BodyBytes()));
        }

        Pick(_transactors).Commit(_host, messages, _consumers.Count > 0 ? Pick(_consumers) : null, NoteIn, _random);
    }

    private void AddConsumer()
    {
        if (_consumers.Count > 8) return;
        var queue = AnyQueue();
        var consumer = new SimulatedConsumer(_model, queue)
        {
            NoAck = _random.Chance(0.15),
            PrefetchMax = (ushort)(_random.Chance(0.3) ? 0 : _random.Between(1, 50)),
            Room = _random.Chance(0.2) ? _random.Between(0, 20) : int.MaxValue,
        };
        _consumers.Add(consumer);
        _host.Queue(queue.Name).Consume(consumer, FlushSet.ForThisThread);
    }

    private void CancelConsumer()
    {
        if (_consumers.Count > 0) End(Pick(_consumers));
    }

    private void End(SimulatedConsumer consumer)
    {
        _consumers.Remove(consumer);
        var queue = _host.Queue(consumer.Queue.Name);
        queue.Cancel(consumer, FlushSet.ForThisThread);
        var left = consumer.Unsettled.ToArray();
        foreach (var (_, copy) in left) BrokerModel.Returned(copy, countsAsFailure: false);
        Known(queue.Return([.. left.Select(d => d.Id)], consumer, countsAsFailure: false, FlushSet.ForThisThread));
    }

    private void FinishDeliveries()
    {
        FinishGets();
        if (_consumers.Count == 0) return;
        var consumer = Pick(_consumers);
        var queue = _host.Queue(consumer.Queue.Name);
        if (consumer.Room < 5)
        {
            consumer.Room = _random.Between(1, 50);
            queue.Resume(consumer, FlushSet.ForThisThread);
        }

        if (consumer.Unsettled.Count > 0) EndDeliveries(queue, consumer, consumer.TakeSome(_random));
    }

    private void EndDeliveries(
        Broker.Queues.BrokerQueue queue, SimulatedConsumer? consumer,
        List<(Core.Queues.EntryId Id, ModelCopy Copy)> taken)
    {
        // The model first: what the broker delivers in return is checked against it.
        Core.Queues.EntryId[] ids = [.. taken.Select(d => d.Id)];
        switch (_random.Below(10))
        {
            case < 7:
                foreach (var (_, copy) in taken) BrokerModel.Settled(copy);
                if (_options.ForgetsSettlements && _random.Chance(0.1)) break;
                Known(queue.Settle(ids, consumer, FlushSet.ForThisThread));
                break;
            case 7:
                foreach (var (_, copy) in taken) BrokerModel.Rejected(copy);
                Known(queue.Reject(ids, consumer, FlushSet.ForThisThread));
                break;
            default:
                var failed = _random.Chance(0.5);
                foreach (var (_, copy) in taken) BrokerModel.Returned(copy, failed);
                Known(queue.Return(ids, consumer, failed, FlushSet.ForThisThread));
                break;
        }
    }

    private void Get()
    {
        var queue = AnyQueue();
        var get = new SimulatedGet(_model, queue) { NoAck = _random.Chance(0.3) };
        _gets.Add((queue, get));
        _host.Queue(queue.Name).Get(get, FlushSet.ForThisThread);
    }

    private void FinishGets()
    {
        foreach (var (queue, get) in _gets.ToArray())
        {
            if (get.Taken is not { } taken) continue;
            _gets.Remove((queue, get));
            EndDeliveries(_host.Queue(queue.Name), null, [taken]);
        }
    }

    private static void Known(bool known) =>
        SimulationFailure.Unless(known, "the broker does not know an entry that it has delivered");
}
