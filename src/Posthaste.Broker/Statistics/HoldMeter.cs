namespace Posthaste.Broker.Statistics;

/// <summary>
/// How often, and for how long in sum, connections were left unread for one reason; also those that still are. Any
/// thread; counted when a hold begins and ends.
/// </summary>
public sealed class HoldMeter
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private long _count;
    private long _current;

    // A hold that goes on has lasted from its beginning until now: so many times now, less the sum of the beginnings.
    private TimeSpan _ended;
    private TimeSpan _beginnings;

    internal HoldMeter(TimeProvider time) => _time = time;

    private TimeSpan Now => _time.GetElapsedTime(0);

    /// <summary>Holds so far.</summary>
    public long Count
    {
        get
        {
            lock (_lock) return _count;
        }
    }

    /// <summary>Connections that are held now.</summary>
    public long Current
    {
        get
        {
            lock (_lock) return _current;
        }
    }

    /// <summary>Time in all holds together.</summary>
    public TimeSpan Total
    {
        get
        {
            lock (_lock) return _ended + (Now * _current) - _beginnings;
        }
    }

    /// <summary>A connection is held.</summary>
    /// <returns>What <see cref="End"/> takes.</returns>
    internal TimeSpan Begin()
    {
        lock (_lock)
        {
            var beginning = Now;
            _count++;
            _current++;
            _beginnings += beginning;
            return beginning;
        }
    }

    /// <summary>It is read again, or gone.</summary>
    internal void End(TimeSpan beginning)
    {
        lock (_lock)
        {
            _current--;
            _beginnings -= beginning;
            _ended += Now - beginning;
        }
    }
}
