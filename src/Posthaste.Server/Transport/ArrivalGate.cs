using System.Net;
using System.Net.Sockets;

namespace Posthaste.Server.Transport;

/// <summary>
/// Bounds the connections that have not logged in yet, over all and from one network: what they cost must not keep out
/// those that have. Any thread.
/// </summary>
/// <param name="totalMax">Such connections at a time.</param>
/// <param name="perNetworkMax">Such connections of one address, or of one /64 of IPv6, at a time.</param>
internal sealed class ArrivalGate(int totalMax, int perNetworkMax)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _networks = [];
    private int _total;

    /// <summary>Connections that have not logged in now.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _total;
        }
    }

    /// <summary>
    /// Lets a connection come in; null when there are too many. Whoever has logged in, or has gone, leaves the gate by
    /// <see cref="Arrival.Leave"/>.
    /// </summary>
    public Arrival? TryEnter(EndPoint? remote)
    {
        var network = NetworkOf(remote);
        lock (_lock)
        {
            var ofNetwork = _networks.GetValueOrDefault(network);
            if (_total >= totalMax || ofNetwork >= perNetworkMax) return null;
            _total++;
            _networks[network] = ofNetwork + 1;
        }

        return new Arrival(this, network);
    }

    private void Leave(IPAddress network)
    {
        lock (_lock)
        {
            _total--;
            var left = _networks[network] - 1;
            if (left == 0) _networks.Remove(network);
            else _networks[network] = left;
        }
    }

    /// <summary>What stands for a peer: its address, of IPv6 the /64 that one of them is given.</summary>
    internal static IPAddress NetworkOf(EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address }) return IPAddress.None;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>One connection that has not logged in yet.</summary>
    internal sealed class Arrival(ArrivalGate gate, IPAddress network)
    {
        private int _hasLeft;

        /// <summary>It has logged in, or is gone. Any number of times.</summary>
        public void Leave()
        {
            if (Interlocked.Exchange(ref _hasLeft, 1) == 0) gate.Leave(network);
        }
    }
}
