using System.Net;
using System.Net.Sockets;

namespace Posthaste.Broker.Security;

/// <summary>
/// Damps those who try passwords: each failed login takes a token from the peer's network and from the pair of network
/// and user; where there is none left logins are refused unseen, until time brings some back. Any thread.
/// </summary>
/// <remarks>
/// Nobody is locked out for good, and a user's failures elsewhere never keep that user out here, so it can't be turned
/// into a denial of service. IPv6 peers count by their /64, which is what one of them is given. Memory: <see
/// cref="EntriesMax"/> entries of some 100 bytes; when they are used up those that have recovered go.
/// </remarks>
internal sealed class LoginThrottle(TimeProvider time)
{
    /// <summary>Failures in a row before a pair of network and user has to wait.</summary>
    private const int FailuresPerUser = 10;

    /// <summary>Failures in a row before a network has to wait, whatever the users: a proxy carries many.</summary>
    private const int FailuresPerNetwork = 100;

    /// <summary>Milliseconds in which one failure is forgiven: ten tries a minute lead nowhere.</summary>
    private const long ForgivenAfterMs = 6_000;

    private const int EntriesMax = 20_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Network, string User), Failures> _failures = [];

    /// <summary>Whether a login may be looked at.</summary>
    public bool MayTry(EndPoint? remote, string user)
    {
        var network = NetworkOf(remote);
        lock (_lock)
        {
            return Count(network, user) < FailuresPerUser && Count(network, "") < FailuresPerNetwork;
        }
    }

    /// <summary>A login has failed.</summary>
    public void Failed(EndPoint? remote, string user)
    {
        var network = NetworkOf(remote);
        lock (_lock)
        {
            if (_failures.Count >= EntriesMax) Forgive();
            Add(network, user);
            if (user.Length > 0) Add(network, "");
        }
    }

    /// <summary>A login has succeeded: the pair starts afresh. The network's own count stays.</summary>
    public void Succeeded(EndPoint? remote, string user)
    {
        lock (_lock) _failures.Remove((NetworkOf(remote), user));
    }

    private double Count(string network, string user) =>
        _failures.TryGetValue((network, user), out var failures) ? failures.At(NowMs) : 0;

    private void Add(string network, string user)
    {
        var nowMs = NowMs;
        _failures[(network, user)] = new Failures(Count(network, user) + 1, nowMs);
    }

    private void Forgive()
    {
        var nowMs = NowMs;
        foreach (var (key, failures) in _failures)
        {
            if (failures.At(nowMs) <= 0) _failures.Remove(key);
        }

        // An attack from twenty thousand networks at once: new ones count from nothing.
        if (_failures.Count >= EntriesMax) _failures.Clear();
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static string NetworkOf(EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address }) return "local";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes).ToString();
    }

    private readonly record struct Failures(double Count, long SinceMs)
    {
        public double At(long nowMs) => Math.Max(0, Count - Math.Max(0, nowMs - SinceMs) / (double)ForgivenAfterMs);
    }
}
