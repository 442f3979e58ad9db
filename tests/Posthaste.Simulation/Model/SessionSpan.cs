namespace Posthaste.Simulation.Model;

/// <summary>
/// How long the broker has to keep a client's session, and when it must have ended: times of which the client can be
/// sure. A session lasts as long as its connection and some time after that; what a crash forgets makes it last longer
/// or, if it is its beginning, leaves it as it was.
/// </summary>
internal sealed class SessionSpan(long expiryMs)
{
    private const long Never = long.MaxValue;

    /// <summary>The ticker's period twice, and what rounding takes.</summary>
    private const long SlackMs = 2_000;

    /// <summary>Until when it is there if the broker goes on.</summary>
    private long _keptUntilMs;

    /// <summary>Until when it is there also after a crash.</summary>
    private long _durablyKeptUntilMs;

    /// <summary>When it has ended; null while that is not known.</summary>
    private long? _endsByMs;

    public bool MustBePresent(long nowMs) => nowMs < _keptUntilMs;

    public bool MustBeGone(long nowMs) => _endsByMs is { } endsByMs && nowMs > endsByMs;

    /// <summary>Somebody asks for it: if the broker hears that, it lasts longer.</summary>
    public void Asked() => _endsByMs = null;

    /// <summary>A connection has it.</summary>
    public void Connected() => _keptUntilMs = Never;

    /// <summary>The connection is over.</summary>
    public void WentAway(long nowMs)
    {
        if (_keptUntilMs == Never) _keptUntilMs = nowMs + expiryMs;
    }

    /// <summary>The broker has come to rest: it has noticed all, and all is on disk.</summary>
    /// <param name="isAway">No connection has it or asks for it.</param>
    public void Rested(long nowMs, bool isAway)
    {
        _durablyKeptUntilMs = _keptUntilMs;
        if (isAway) _endsByMs ??= nowMs + expiryMs + SlackMs;
    }

    /// <summary>The broker has stopped, in order or not, and comes up again.</summary>
    public void Restarted(long nowMs)
    {
        WentAway(nowMs);
        if (_endsByMs is { } endsByMs) _endsByMs = Math.Max(endsByMs, nowMs + SlackMs);
        if (_durablyKeptUntilMs == Never) _durablyKeptUntilMs = nowMs + expiryMs;
        _keptUntilMs = _durablyKeptUntilMs = Math.Min(_keptUntilMs, _durablyKeptUntilMs);
    }
}
