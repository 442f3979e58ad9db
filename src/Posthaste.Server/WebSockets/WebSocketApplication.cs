using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Posthaste.Broker.Protocols;
using Posthaste.Server.Transport;

namespace Posthaste.Server.WebSockets;

/// <summary>
/// All the HTTP there is: requests that open a WebSocket. Kestrel reads their heads, within its limits; from its answer
/// on the connection's own pipes belong to the WebSocket and to the protocol inside it.
/// </summary>
/// <param name="protocols">What is spoken over WebSocket, and by whom.</param>
/// <param name="blocks">Options of the pipes that payloads are unmasked into.</param>
internal sealed partial class WebSocketApplication(
    IReadOnlyDictionary<Protocol, IProtocolHandler> protocols,
    OriginPolicy origins,
    PipeOptions blocks,
    ILogger log,
    CancellationToken stopping) : IHttpApplication<IFeatureCollection>
{
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
        // A request holds nothing of ours once its processing has ended.
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var connection = context.GetRequiredFeature<AcceptedConnection>();
        var upgrade = context.GetRequiredFeature<IHttpUpgradeFeature>();
        var handshake = stopping.IsCancellationRequested
            ? Handshake.Refuse(StatusCodes.Status503ServiceUnavailable, "the broker stops")
            : Handshake.Read(
                context.GetRequiredFeature<IHttpRequestFeature>(),
                upgrade.IsUpgradableRequest,
                connection.Kind.Protocol,
                protocols.Keys,
                origins);

        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = handshake.Status;
        handshake.WriteTo(response.Headers);
        if (handshake.Protocol is { } protocol)
        {
            // The stream over the request's body is not used: the pipes below it are the same bytes without it.
            await upgrade.UpgradeAsync().ConfigureAwait(false);
            await ServeAsync(context, connection, protocol).ConfigureAwait(false);
            return;
        }

        LogRefused(connection.Context.RemoteEndPoint, connection.Kind.Name, handshake.Status, handshake.Refusal);
        var body = Encoding.UTF8.GetBytes(handshake.Refusal + "\n");
        response.Headers.ContentLength = body.Length;
        await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(body).ConfigureAwait(false);
    }

    private async Task ServeAsync(IFeatureCollection context, AcceptedConnection connection, Protocol protocol)
    {
        var remote = connection.Context.RemoteEndPoint;
        var socket = new WebSocketTransport(
            context.GetRequiredFeature<IConnectionTransportFeature>().Transport,
            blocks,
            protocol.WebSocket!.TakesText,
            fault => LogFault(remote, connection.Kind.Name, fault));
        await protocols[protocol].ServeAsync(connection.Open(socket), stopping).ConfigureAwait(false);
        await socket.CloseAsync(stopping.IsCancellationRequested ? CloseCode.GoingAway : CloseCode.Normal)
            .ConfigureAwait(false);
    }

    [LoggerMessage(EventId = 111, Level = LogLevel.Warning,
        Message = "{Remote} refused by {Listener}: {Status}, {Reason}")]
    private partial void LogRefused(EndPoint? remote, string listener, int status, string reason);

    [LoggerMessage(EventId = 112, Level = LogLevel.Warning,
        Message = "{Remote} closed by {Listener}: not WebSocket, {Fault}")]
    private partial void LogFault(EndPoint? remote, string listener, string fault);
}
