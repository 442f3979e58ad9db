using System.IO.Pipelines;

namespace Posthaste.Server.WebSockets;

/// <summary>
/// A WebSocket as a protocol sees it: two pipes of bytes, like those of a socket. Framing is done on the way, in the
/// transport's own pipes; see <see cref="WebSocketInput"/> and <see cref="WebSocketOutput"/>.
/// </summary>
internal sealed class WebSocketTransport : IDuplexPipe
{
    /// <summary>
    /// Time that a peer gets to answer a close frame before it is cut: one slow round trip, since a peer that has
    /// stopped reading never answers.
    /// </summary>
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(3);

    private readonly WebSocketInput _input;
    private readonly WebSocketOutput _output;

    /// <param name="transport">The connection's own pipes, behind the handshake.</param>
    /// <param name="blocks">Options of the pipe that payloads are unmasked into: pinned blocks.</param>
    /// <param name="onFault">Hears which rule of WebSocket the peer broke.</param>
    public WebSocketTransport(IDuplexPipe transport, PipeOptions blocks, bool takesText, Action<string> onFault)
    {
        _output = new WebSocketOutput(transport.Output);
        _input = new WebSocketInput(transport.Input, new FrameDecoder(takesText), _output, blocks, onFault);
    }

    public PipeReader Input => _input;

    public PipeWriter Output => _output;

    /// <summary>
    /// Ends the WebSocket after its session has ended: says so unless that has been said, and waits for the peer to say
    /// it too, so that the last bytes are not lost to a reset [RFC 6455, 7.1.1].
    /// </summary>
    public async Task CloseAsync(CloseCode code)
    {
        using var limit = new CancellationTokenSource(CloseLimit);
        try
        {
            await _output.CloseAsync(code).WaitAsync(limit.Token).ConfigureAwait(false);
            await _input.DrainAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The peer is gone or does not listen: there is nobody to say goodbye to.
        }
    }
}
