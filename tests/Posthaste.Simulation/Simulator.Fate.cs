using Posthaste.Broker;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Simulation.Model;
using Posthaste.Storage.Devices;

namespace Posthaste.Simulation;

/// <summary>What comes over the broker: rest, faults, crashes, and the end.</summary>
internal sealed partial class Simulator
{
    /// <summary>More than the longest retry of anything that waits.</summary>
    private const int RetryMs = 2_000;

    private bool IsWorking => !_host.Broker.Pipeline.IsFailed;

    private bool IsOff => _host.Faulty.ChangeCount >= _host.Faulty.PowerOffAtChange;

    private void Connect()
    {
        foreach (var producer in _producers.Concat(_transactors)) producer.Connect(_host);
        ConnectRetainer();
        ReturnMqtt();
    }

    private void AddQueue()
    {
        Rest();
        if (!IsWorking || IsOff) return;
        foreach (var queue in Topology.MakeQueue($"q{++_queueNumber}", _random))
        {
            if (!IsDone(_host.TryDeclare(queue.Name, queue.Arguments, queue.IsDurable))) break;
            _model.Queues.Add(queue.Name, queue);
            if (!queue.IsForDeadLetters && _random.Chance(0.5) && Bind(queue)) _fan.Add(queue);
        }

        Rest();
    }

    private bool Bind(ModelQueue queue) =>
        IsDone(_host.Host.BindQueue(queue.Name, "fan", "", [], _host.Connection));

    /// <summary>A declaration may be refused, but only for want of room.</summary>
    private bool IsDone(CatalogResult result)
    {
        SimulationFailure.Unless(
            result.Error is null || !IsWorking || _host.HasNoRoom || _model.IsDamaged,
            $"refused: {result.Error?.Text}");
        return result.Error is null;
    }

    private void ReplaceQueue()
    {
        Rest();
        if (!IsWorking || IsOff) return;
        var queue = AnyTarget();
        _consumers.RemoveAll(consumer => consumer.Queue == queue);
        _gets.RemoveAll(get => get.Queue == queue);
        _host.Host.DeleteQueue(queue.Name, false, false, _host.Connection, out _);
        _fan.Remove(queue);
        _model.Deleted(queue);
        AddQueue();
    }

    private void Purge()
    {
        Rest();
        if (IsOff) return;
        var queue = AnyQueue();
        _host.Queue(queue.Name).Purge(FlushSet.ForThisThread);
        _model.Purged(queue);
    }

    /// <summary>Lets the broker do all that it has to do, and compares.</summary>
    private void Rest()
    {
        _host.Idle();
        if (!IsWorking || IsOff) return;
        SimulationFailure.Unless(
            !_host.Errors.HasAny || _model.IsDamaged,
            $"the broker complains: {string.Join("; ", _host.Errors.Take())}");
        if (_host.Broker.Pipeline.IsFull)
        {
            _model.AtRestWithoutRoom();
            return;
        }

        _model.AtRest(queue => _host.Queue(queue.Name).Machine.HeldCount > 0);
        if (_model.IsDamaged) return;
        RestMqtt();
        RestTenants();
        CheckValues(static (value, actual) => value.Rests(actual));
        foreach (var queue in _model.Queues.Values)
        {
            var actual = _host.Queue(queue.Name);
            BrokerModel.CheckCounts(queue, actual.MessageCount, actual.UnackedCount);
        }
    }

    /// <summary>A fault that the broker survives, or that makes its journal read-only.</summary>
    private void Stumble()
    {
        var device = _host.Faulty;
        switch (_random.Below(4))
        {
            case 0:
                device.SyncErrorChance = 0.5;
                break;
            case 1:
                device.WriteErrorChance = 0.2;
                break;
            case 2:
                if (_random.Chance(0.5)) device.CapacityBytes = long.MaxValue;
                else _host.LeaveRoom(_random.Below(3 << 20));
                break;
            default:
                device.PowerOffAtChange = device.ChangeCount + _random.Between(1, 40);
                break;
        }
    }

    private void Crash()
    {
        CrashCount++;
        switch (_random.Below(4))
        {
            case 0:
                Rest();
                break;
            case 1:
                _host.Broker.Pipeline.CommitPending();
                break;
            case 2:
                _host.Faulty.PowerOffAtChange = _host.Faulty.ChangeCount + _random.Between(1, 20);
                _host.Step();
                break;
        }

        _host.Crash();
        ComeBack();
    }

    private void Restart()
    {
        RestartCount++;
        _host.Faulty.CapacityBytes = long.MaxValue;
        foreach (var consumer in _consumers.ToArray()) End(consumer);
        ReturnGets();
        LeaveMqtt();
        Rest();
        _host.Close();
        var failed = !IsWorking || IsOff;
        if (failed)
        {
            // Whatever the disk did to the failed journal shows only when what it had not synced is gone.
            _host.Crash();
        }

        ComeBack(expectClean: !failed);
    }

    private void ReturnGets()
    {
        foreach (var (queue, get) in _gets)
        {
            if (get.Taken is not { } taken) continue;
            BrokerModel.Returned(taken.Copy, countsAsFailure: false);
            Known(_host.Queue(queue.Name).Return([taken.Id], null, countsAsFailure: false, FlushSet.ForThisThread));
        }

        _gets.Clear();
    }

    private void ComeBack(bool expectClean = false)
    {
        _host.Faulty.SyncErrorChance = 0;
        _host.Faulty.WriteErrorChance = 0;
        _consumers.Clear();
        _gets.Clear();
        _fan.RemoveAll(queue => !queue.IsDurable);
        _host.Errors.Take();
        _model.Restarted();
        LoseMqtt();
        if (_options.FlipsBits && _random.Chance(0.3)) FlipABit();
        VerifyAndOpen();
        if (!_model.IsDamaged)
        {
            CheckValues(static (value, actual) => value.Returns(actual));
            ReturnTenants();
        }

        FollowDeclarations();
        SimulationFailure.Unless(
            !expectClean || _host.Broker.Recovery.WasClean, "a shutdown in order is not recognised");
        Connect();
    }

    /// <summary>Declarations and deletions that nobody waited for may have been forgotten.</summary>
    private void FollowDeclarations()
    {
        foreach (var queue in _host.Broker.Queues.Where(queue => queue.Host == _host.Host).ToArray())
        {
            if (_model.Queues.ContainsKey(queue.Name) || IsOfMqtt(queue)) continue;
            _host.Host.DeleteQueue(queue.Name, false, false, _host.Connection, out _);
        }

        var actual = _host.Broker.Queues.Select(queue => queue.Name).ToHashSet();
        foreach (var queue in _model.Queues.Values.Where(queue => !actual.Contains(queue.Name)).ToArray())
        {
            SimulationFailure.Unless(!queue.IsDeclaredForGood || _model.IsDamaged, $"{queue.Name} is gone");
            _model.Deleted(queue);
            _fan.Remove(queue);
        }

        // As clients do when they come back.
        _fan.RemoveAll(queue => !Bind(queue));
    }

    private static bool IsOfMqtt(Broker.Queues.BrokerQueue queue) =>
        queue.Name.StartsWith("mqtt-", StringComparison.Ordinal);

    /// <summary>Opens, also when the power goes off or the disk is full while it comes up.</summary>
    private void Open()
    {
        if (_random.Chance(0.2)) _host.Faulty.PowerOffAtChange = _host.Faulty.ChangeCount + _random.Between(1, 10);
        while (true)
        {
            try
            {
                _host.Open();
                StartMqtt();
                return;
            }
            catch (StorageFullException)
            {
                _host.Faulty.CapacityBytes = long.MaxValue;
                _host.Crash();
            }
            catch (IOException) when (IsOff)
            {
                _host.Crash();
            }
        }
    }

    /// <summary>
    /// Brings the broker up once more, on a disk without faults, empties all queues and looks what has come.
    /// </summary>
    private void Finish()
    {
        if (_random.Chance(0.5)) Crash();
        else Restart();
        while (!TryDrainAll()) Crash();
        if (!_model.IsDamaged)
        {
            CheckNothingLeft();
            _model.CheckNothingMissing();
            foreach (var subscriber in _mqttSubscribers) subscriber.CheckNothingMissing();
        }

        _host.Close();
    }

    private bool TryDrainAll()
    {
        _host.Faulty.CapacityBytes = long.MaxValue;
        foreach (var queue in _model.Queues.Values)
        {
            var consumer = new SimulatedConsumer(_model, queue);
            _consumers.Add(consumer);
            _host.Queue(queue.Name).Consume(consumer, FlushSet.ForThisThread);
        }

        bool any;
        do
        {
            any = false;
            _host.Time.Advance(RetryMs);
            Rest();
            foreach (var consumer in _consumers)
            {
                if (consumer.Unsettled.Count == 0) continue;
                any = true;
                foreach (var (_, copy) in consumer.Unsettled) BrokerModel.Settled(copy);
                Core.Queues.EntryId[] ids = [.. consumer.Unsettled.Select(d => d.Id)];
                consumer.Unsettled.Clear();
                Known(_host.Queue(consumer.Queue.Name).Settle(ids, consumer, FlushSet.ForThisThread));
            }
        }
        while (any);
        FinishMqtt();
        FinishTenants();
        return IsWorking && !IsOff;
    }

    /// <summary>Empty queues hold no memory and no disk.</summary>
    private void CheckNothingLeft()
    {
        Rest();
        foreach (var queue in _host.Broker.Queues)
        {
            SimulationFailure.Unless(
                queue is { MessageCount: 0, UnackedCount: 0, ResidentEntryCount: 0 },
                $"{queue.Name} was emptied and has {queue.MessageCount} ready, {queue.UnackedCount} out, "
                + $"{queue.ResidentEntryCount} in memory");
        }

        var arena = _host.Broker.Arena.BytesInUse;
        SimulationFailure.Unless(
            arena <= 2 * Broker.Storage.MessageArena.BlockBytes,
            $"{arena} bytes of the arena are in use with all queues empty");
        var segments = _host.Device!.List("segments");
        SimulationFailure.Unless(segments.Count == 0, $"{segments.Count} segment files are left with all queues empty");
    }
}
