using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Posthaste.Server.WebSockets;

/// <summary>
/// What a client's frames carry, as one stream in pinned blocks. It is driven by the session's reads alone: what the
/// session does not ask for stays in the socket, and pings and closes are answered while it reads. So a connection
/// needs no task of its own, and an idle one holds no block.
/// </summary>
/// <param name="inner">The transport's; completed by whoever owns the transport, never here.</param>
/// <param name="onFault">Hears which rule the peer broke, once.</param>
internal sealed class WebSocketInput(
    PipeReader inner, FrameDecoder decoder, WebSocketOutput output, PipeOptions options, Action<string> onFault)
    : PipeReader
{
    // Bounded by the session's own reads: nothing is decoded before it has looked at everything that was.
    private readonly Pipe _decoded = new(options);

    /// <summary>Whether the peer has closed, broken a rule or gone: nothing more will be read.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>What has been decoded; does not look at the socket.</summary>
    public override bool TryRead(out ReadResult result) => _decoded.Reader.TryRead(out result);

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        _decoded.Reader.TryRead(out var result) ? new(result) : ReadMoreAsync(cancellationToken);

    public override void AdvanceTo(SequencePosition consumed) => _decoded.Reader.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
        _decoded.Reader.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => inner.CancelPendingRead();

    /// <summary>The session reads no more: gives its blocks back.</summary>
    public override void Complete(Exception? exception = null)
    {
        _decoded.Reader.Complete();
        _decoded.Writer.Complete();
    }

    /// <summary>Reads and throws away until the peer's close frame, or its end.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        while (!HasEnded) await StepAsync(null, cancellation).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadMoreAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var isCanceled = await StepAsync(_decoded.Writer, cancellation).ConfigureAwait(false);
            if (isCanceled) _decoded.Reader.CancelPendingRead();
            if (HasEnded) await _decoded.Writer.CompleteAsync().ConfigureAwait(false);
            else await _decoded.Writer.FlushAsync(cancellation).ConfigureAwait(false);
            if (_decoded.Reader.TryRead(out var result)) return result;
        }
    }

    /// <summary>One read of the socket, decoded as far as it goes.</summary>
    /// <returns>Whether the read was cancelled.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> StepAsync(PipeWriter? target, CancellationToken cancellation)
    {
        var read = await inner.ReadAsync(cancellation).ConfigureAwait(false);
        var decoded = decoder.Decode(read.Buffer, target, out var consumed);
        inner.AdvanceTo(consumed, decoded == Decoded.NeedsMore ? read.Buffer.End : consumed);
        switch (decoded)
        {
            case Decoded.NeedsMore:
                // A connection that ends without a close frame ends here; half a frame at its end is nobody's.
                HasEnded = read.IsCompleted;
                break;
            case Decoded.Ping:
                await output.PongAsync(decoder.Control).ConfigureAwait(false);
                break;
            case Decoded.Closed:
                HasEnded = true;
                await output.CloseAsync(decoder.Code).ConfigureAwait(false);
                break;
            case Decoded.Failed:
                HasEnded = true;
                onFault(decoder.Fault);
                await output.CloseAsync(decoder.Code).ConfigureAwait(false);
                break;
        }

        return read.IsCanceled;
    }
}
