using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Statistics;

namespace Posthaste.Broker;

/// <summary>What is seen of a broker as a whole.</summary>
public sealed partial class MessageBroker
{
    private readonly Lock _pinsLock = new();
    private Pins? _pins;
    private int _pinsTick;

    /// <summary>Looks at what is stored. Any thread; asks the disk how much room it has.</summary>
    public StorageLook LookAtStorage()
    {
        var files = _data.Journal?.Files ?? [];
        var (segmentCount, segmentBytes) = _data.Segments?.Size ?? default;
        return new StorageLook(
            _data.Journal is null ? null : Pipeline.CommitLatency, Pipeline.CommittedBytes, files.Count,
            _data.Journal is { } journal && files.Count > 0 ? journal.DurablePosition - files[0].Base : 0,
            Pipeline.UncommittedBytes, _data.Journal?.ResidentBytes ?? 0, segmentCount, segmentBytes,
            Arena.BytesInUse, _data.Device is { FreeBytes: < long.MaxValue } device ? device.FreeBytes : null);
    }

    /// <summary>
    /// Looks at who holds memory and disk: as it is now, or was when somebody looked since the last sample of the
    /// statistics. Any thread.
    /// </summary>
    public Pins LookAtPins()
    {
        lock (_pinsLock)
        {
            var tick = Statistics.CurrentTick;
            if (_pins is not null && _pinsTick == tick) return _pins;
            _pinsTick = tick;
            return _pins = Pins.Find(this, BrokerTicker.NowMs(Options.ConnectionTime));
        }
    }
}
