using System.Net;

namespace Posthaste.Server.Transport;

/// <summary>
/// Spreads the arrivals of more connections than a second may bring, of a listener and of one network: those beyond
/// wait before a byte of them is read, so a storm costs handshakes at a rate that the others do not feel. A second's
/// worth may come at once. Any thread.
/// </summary>
/// <remarks>
/// Each has one number, the time up to which its rate is used up. Networks whose time has passed are forgotten when
/// <see cref="NetworksMax"/> are remembered.
/// </remarks>
/// <param name="perSecondMax">Connections of the listener a second.</param>
/// <param name="perNetworkMax">Connections of one address, or of one /64 of IPv6, a second.</param>
/// <param name="time">The clock.</param>
internal sealed class ArrivalRate(int perSecondMax, int perNetworkMax, TimeProvider time)
{
    private const int NetworksMax = 20_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, TimeSpan> _networks = [];
    private readonly long _startedAt = time.GetTimestamp();
    private TimeSpan _usedUntil;

    /// <summary>How long a connection has to wait that comes now; zero mostly.</summary>
    public TimeSpan Take(EndPoint? remote)
    {
        var now = time.GetElapsedTime(_startedAt);
        var network = ArrivalGate.NetworkOf(remote);
        lock (_lock)
        {
            if (_networks.Count >= NetworksMax) Forget(now);
            _usedUntil = After(_usedUntil, now, perSecondMax);
            var ofNetwork = After(_networks.GetValueOrDefault(network), now, perNetworkMax);
            _networks[network] = ofNetwork;
            var dueAt = (_usedUntil > ofNetwork ? _usedUntil : ofNetwork) - TimeSpan.FromSeconds(1);
            return dueAt > now ? dueAt - now : TimeSpan.Zero;
        }
    }

    private static TimeSpan After(TimeSpan usedUntil, TimeSpan now, int perSecond) =>
        (usedUntil > now ? usedUntil : now) + (TimeSpan.FromSeconds(1) / perSecond);

    private void Forget(TimeSpan now)
    {
        foreach (var (network, usedUntil) in _networks)
        {
            if (usedUntil <= now) _networks.Remove(network);
        }

        // A storm from twenty thousand networks at once: the listener's own rate holds them.
        if (_networks.Count >= NetworksMax) _networks.Clear();
    }
}
