using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Posthaste.Broker.Protocols;

namespace Posthaste.Server.Transport;

/// <summary>
/// A connection as a listener accepted it: what a protocol, or a request that came on it, has to know.
/// </summary>
internal sealed record AcceptedConnection(
    ConnectionContext Context, ListenerKind Kind, ArrivalGate.Arrival Arrival, IReadOnlySet<string>? Versions)
{
    /// <summary>The connection as its protocol sees it.</summary>
    /// <param name="transport">The connection's own pipes, or what is spoken through them.</param>
    public ProtocolConnection Open(IDuplexPipe transport)
    {
        var tls = Context.Features.Get<ITlsConnectionFeature>();
        return new ProtocolConnection(
            transport,
            Context.LocalEndPoint,
            Context.RemoteEndPoint,
            reason => Context.Abort(new ConnectionAbortedException(reason)))
        {
            Listener = Kind.Name,
            Versions = Versions,
            LoggedIn = Arrival.Leave,
            HungUp = Context.ConnectionClosed,
            IsTls = tls is not null,
            ClientCertificate = tls?.ClientCertificate,
        };
    }
}
