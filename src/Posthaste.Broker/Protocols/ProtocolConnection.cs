using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Posthaste.Broker.Protocols;

/// <summary>A transport connection as a protocol sees it: bytes in, bytes out, and who is at the other end.</summary>
public sealed class ProtocolConnection
{
    /// <summary>The listener of requests to the management API.</summary>
    public const string ManagementListener = "http";

    private readonly Action<string> _abort;

    /// <param name="transport">Input and output; the blocks of its memory pool must be pinned (see
    /// PublishBatch).</param>
    /// <param name="abort">Cuts the transport at once; the text is the reason for the log.</param>
    public ProtocolConnection(IDuplexPipe transport, EndPoint? local, EndPoint? remote, Action<string> abort)
    {
        Transport = transport;
        LocalEndPoint = local;
        RemoteEndPoint = remote;
        _abort = abort;
    }

    public IDuplexPipe Transport { get; }

    public EndPoint? LocalEndPoint { get; }

    public EndPoint? RemoteEndPoint { get; }

    /// <summary>Called once the client has logged in; by default nobody is interested.</summary>
    public Action LoggedIn { get; init; } = static () => { };

    /// <summary>
    /// Cancelled when the peer has hung up, also while nothing is read; what it had sent may still be there to read.
    /// </summary>
    public CancellationToken HungUp { get; init; }

    /// <summary>Name of the listener that it came by (`amqps`, `mqtt-ws`, …); empty in-process.</summary>
    public string Listener { get; init; } = "";

    /// <summary>Versions of the protocol that may be spoken, as people call them; null: all that there are.</summary>
    public IReadOnlySet<string>? Versions { get; init; }

    /// <summary>The certificate that the peer proved to own; null without TLS or without one.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Whether the transport is encrypted.</summary>
    public bool IsTls { get; init; }

    /// <summary>
    /// Whether the peer is on this machine: loopback, a Unix socket, or in-process (no address at all).
    /// </summary>
    public bool IsLoopback => RemoteEndPoint is not IPEndPoint ip || IPAddress.IsLoopback(Unmap(ip.Address));

    /// <summary>Whether the listener takes this version of its protocol.</summary>
    public bool Takes(string version) => Versions?.Contains(version) ?? true;

    /// <summary>Cuts the connection at once. Any thread, any number of times.</summary>
    public void Abort(string reason) => _abort(reason);

    private static IPAddress Unmap(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
