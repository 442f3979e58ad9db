using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Posthaste.Server.Transport;

namespace Posthaste.Server.Configuration;

/// <summary>A listener and one address that it is to listen on.</summary>
internal sealed record ListenPlan(ListenerKind Kind, IPEndPoint EndPoint)
{
    /// <summary>Versions of the protocol that it takes; null: all.</summary>
    public IReadOnlySet<string>? Versions { get; init; }

    /// <summary>Stands for every listener that is not named itself.</summary>
    private const string Default = "default";
    private const string Off = "off";
    private const string Localhost = "localhost";
    private const string Everywhere = "*";

    /// <summary>Name of the listener of the management API.</summary>
    public const string Http = "http";

    /// <summary>Name of its listener with TLS.</summary>
    public const string Https = "https";

    /// <summary>The ports that RabbitMQ's tools try first.</summary>
    private const int HttpPort = 15672;
    private const int HttpsPort = 15671;

    /// <summary>All that the options ask for; never empty.</summary>
    /// <exception cref="PosthasteConfigurationException">A name is unknown, an address malformed, or nothing would
    /// listen.</exception>
    public static IReadOnlyList<ListenPlan> From(PosthasteOptions options)
    {
        var kinds = ListenerKind.Of(options.Protocols);
        foreach (var name in options.Listen.Keys) RequireKnown(name, kinds);
        foreach (var name in options.Versions.Keys) RequireProtocol(name, kinds);
        List<ListenPlan> plans =
        [
            .. kinds.SelectMany(kind => EndPoints(options, kind.Name, kind.DefaultPort, kind.IsTls)
                .Select(endPoint => new ListenPlan(kind, endPoint) { Versions = VersionsOf(options, kind) })),
        ];
        if (plans.Count == 0)
            throw new PosthasteConfigurationException("every listener is off; a broker has to listen somewhere");
        return plans;
    }

    /// <summary>Where the management API listens; empty when it is off.</summary>
    /// <exception cref="PosthasteConfigurationException">An address is malformed.</exception>
    public static IReadOnlyList<IPEndPoint> ForHttp(PosthasteOptions options) =>
        EndPoints(options, Http, HttpPort, isTls: false);

    /// <summary>Where the management API listens with TLS; empty when it is off or there is no certificate.</summary>
    /// <exception cref="PosthasteConfigurationException">An address is malformed.</exception>
    public static IReadOnlyList<IPEndPoint> ForHttps(PosthasteOptions options) =>
        EndPoints(options, Https, HttpsPort, isTls: true);

    private static IPEndPoint[] EndPoints(PosthasteOptions options, string name, int defaultPort, bool isTls)
    {
        var lacksCertificate = isTls && !options.Tls.IsOn;
        if (!options.Listen.TryGetValue(Default, out var hosts)) hosts = Localhost;
        if (!options.Listen.TryGetValue(name, out var addresses))
            addresses = lacksCertificate ? Off : WithPorts(hosts, defaultPort);
        if (addresses.Trim().Equals(Off, StringComparison.OrdinalIgnoreCase)) return [];
        if (lacksCertificate)
            throw new PosthasteConfigurationException($"'{name}' needs a certificate, and there is none");
        return
        [
            .. addresses.Split(',', StringSplitOptions.TrimEntries).SelectMany(address => Resolve(name, address)),
        ];
    }

    private static void RequireKnown(string name, IReadOnlyList<ListenerKind> kinds)
    {
        if (name.Equals(Default, StringComparison.OrdinalIgnoreCase)) return;
        if (name.Equals(Http, StringComparison.OrdinalIgnoreCase)) return;
        if (name.Equals(Https, StringComparison.OrdinalIgnoreCase)) return;
        if (kinds.Any(kind => kind.Name.Equals(name, StringComparison.OrdinalIgnoreCase))) return;
        var known = string.Join(", ", kinds.Select(kind => kind.Name).Append(Http).Append(Https));
        throw new PosthasteConfigurationException(
            $"'{name}' is no listener; these are: {known}, and {Default} for those not named");
    }

    private static void RequireProtocol(string name, IReadOnlyList<ListenerKind> kinds)
    {
        if (kinds.Any(kind => kind.Name.Equals(name, StringComparison.OrdinalIgnoreCase))) return;
        throw new PosthasteConfigurationException(
            $"'{name}' is no listener of a protocol with versions; these are: " +
            string.Join(", ", kinds.Select(static kind => kind.Name)));
    }

    private static HashSet<string>? VersionsOf(PosthasteOptions options, ListenerKind kind)
    {
        if (!options.Versions.TryGetValue(kind.Name, out var text)) return null;
        var versions = text.Split(',', StringSplitOptions.TrimEntries).ToHashSet(StringComparer.Ordinal);
        var known = kind.Protocol.Versions;
        return versions.IsSubsetOf(known)
            ? versions
            : throw new PosthasteConfigurationException(
                $"{PosthasteConfiguration.Section}:Versions:{kind.Name} is '{text}'; it has to be one or more of " +
                string.Join(", ", known));
    }

    /// <summary>
    /// The hosts of <see cref="Default"/> with the listener's own port, or with 0 where that is said: any other
    /// could be one listener's only.
    /// </summary>
    private static string WithPorts(string hosts, int port)
    {
        if (hosts.Trim().Equals(Off, StringComparison.OrdinalIgnoreCase)) return Off;
        return string.Join(',', hosts.Split(',', StringSplitOptions.TrimEntries)
            .Select(host => host.EndsWith(":0", StringComparison.Ordinal) ? host : $"{host}:{port}"));
    }

    private static IEnumerable<IPEndPoint> Resolve(string name, string address)
    {
        var colon = address.LastIndexOf(':');
        if (colon <= 0 || !TryParsePort(address.AsSpan(colon + 1), out var port)) throw Refuse(name, address);

        var host = address[..colon];
        return host switch
        {
            // Any free port is one port: the other loopback address could not be promised the same.
            Localhost when port != 0 && HasLoopback6() =>
                [new(IPAddress.Loopback, port), new(IPAddress.IPv6Loopback, port)],
            Localhost => [new(IPAddress.Loopback, port)],
            // The transport opens this one for IPv4 too.
            Everywhere => [new(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port)],
            _ => [new(ParseAddress(name, address, host), port)],
        };
    }

    private static IPAddress ParseAddress(string name, string address, string host)
    {
        // [::1]:5672 as in a URI: without the brackets nobody can tell where an IPv6 address ends.
        var isBracketed = host.StartsWith('[') && host.EndsWith(']');
        if (!IPAddress.TryParse(isBracketed ? host[1..^1] : host, out var ip)) throw Refuse(name, address);
        if (isBracketed != (ip.AddressFamily == AddressFamily.InterNetworkV6)) throw Refuse(name, address);
        // A lone number is an address too, of a machine that nobody means: 5672 is 0.0.22.40.
        if (!isBracketed && host.Count(c => c == '.') != 3) throw Refuse(name, address);
        return ip;
    }

    private static bool TryParsePort(ReadOnlySpan<char> text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort;

    private static PosthasteConfigurationException Refuse(string name, string address) =>
        new($"'{name}' can't listen on '{address}'; it has to be HOST:PORT (HOST an IP address, localhost or *; " +
            $"PORT 0 to {IPEndPoint.MaxPort}, 0 for any free one) or {Off}");

    /// <summary>Whether ::1 exists here: containers often have the address family without the address.</summary>
    private static bool HasLoopback6()
    {
        if (!Socket.OSSupportsIPv6) return false;
        using var probe = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
