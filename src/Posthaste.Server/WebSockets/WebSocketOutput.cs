using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Posthaste.Server.WebSockets;

/// <summary>
/// What a protocol writes, as binary messages: one for each flush or block, whichever is shorter. A frame is built
/// where it is sent from: room for a header is left in front of the memory that the protocol writes into, so framing
/// copies nothing (a header that turns out shorter moves at most 125 bytes) and an idle connection holds no buffer.
/// <code>
/// +---------------+---------------------------------+------------------+
/// | room: 4 or 10 | written by the protocol so far  | free             |   _frame
/// +---------------+---------------------------------+------------------+
/// </code>
/// </summary>
/// <remarks>
/// Two write: the session, and the reader of the same connection when it answers a ping or a close. They meet under
/// the gate, which is taken when a frame begins and when it is flushed, not for each message in it. A control frame
/// that finds a frame begun or a flush under way is sent behind it. What the session writes while a control frame's
/// flush waits for the peer goes aside: a transport under TLS can't be written to then.
/// </remarks>
/// <param name="inner">The transport's; completed by whoever owns the transport, never here.</param>
internal sealed class WebSocketOutput(PipeWriter inner) : PipeWriter
{
    private const int ShortRoom = 4;

    private readonly Lock _gate = new();
    private Memory<byte> _frame;
    private int _room;
    private int _written;
    private bool _isFrameOpen;
    private bool _isFlushing;
    private bool _isClosed;
    private byte[]? _pendingPong;
    private CloseCode? _pendingClose;
    private Task? _controlFlush;
    private ArrayBufferWriter<byte>? _aside;
    private bool _isAside;

    /// <summary>Frames a run of bytes that the session may still write.</summary>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_frame.Length - _room - _written < Math.Max(sizeHint, 1)) OpenFrame(Math.Max(sizeHint, 1));
        return _frame[(_room + _written)..];
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)(_frame.Length - _room - _written));
        _written += bytes;
    }

    /// <summary>
    /// Sends what was written. <see cref="FlushResult.IsCompleted"/> also says that the connection was closed: later
    /// writes go nowhere.
    /// </summary>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            Seal();
            _isFrameOpen = false;
            return _controlFlush is { } before ? FlushAfterAsync(before, cancellationToken) : Flush(cancellationToken);
        }
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    /// <summary>The session writes no more; what it wrote and did not flush goes with the close frame.</summary>
    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
        {
            Seal();
            _isFrameOpen = false;
        }
    }

    /// <summary>
    /// Answers a ping, at once or behind the frame that is being written; of several pings only the last one's answer
    /// may still be waiting [RFC 6455, 5.5.3]. By the reader only, which waits for it, so that pings are not read
    /// faster than their answers are taken.
    /// </summary>
    public Task PongAsync(byte[] payload) => SendAsync(payload, null);

    /// <summary>Sends the one close frame; what is written afterwards goes nowhere.</summary>
    public Task CloseAsync(CloseCode code) => SendAsync(null, code);

    private Task SendAsync(byte[]? pong, CloseCode? close)
    {
        lock (_gate)
        {
            if (_isClosed) return Task.CompletedTask;
            _pendingPong = pong ?? _pendingPong;
            _pendingClose ??= close;
            // The flush that comes or ends next takes it along.
            if (_isFrameOpen || _isFlushing) return Task.CompletedTask;
            WriteAside();
            WriteControls();
            var flush = inner.FlushAsync(CancellationToken.None);
            if (flush.IsCompletedSuccessfully)
            {
                _ = flush.Result;
                return Task.CompletedTask;
            }

            _isFlushing = true;
            return _controlFlush = FinishControlAsync(flush);
        }
    }

    /// <summary>Under the gate: sends what has been written, and control frames that waited for it.</summary>
    private ValueTask<FlushResult> Flush(CancellationToken cancellation)
    {
        WriteAside();
        WriteControls();
        var flush = inner.FlushAsync(cancellation);
        if (!flush.IsCompletedSuccessfully)
        {
            _isFlushing = true;
            return FinishAsync(flush, cancellation);
        }

        var result = flush.Result;
        return new(new FlushResult(result.IsCanceled, result.IsCompleted || _isClosed));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> FinishAsync(ValueTask<FlushResult> flush, CancellationToken cancellation)
    {
        FlushResult result;
        try
        {
            result = await flush.ConfigureAwait(false);
        }
        finally
        {
            lock (_gate) _isFlushing = false;
        }

        lock (_gate)
        {
            if (_pendingPong is null && _pendingClose is null)
                return new FlushResult(result.IsCanceled, result.IsCompleted || _isClosed);
        }

        return await FlushAsync(cancellation).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> FlushAfterAsync(Task before, CancellationToken cancellation)
    {
        await before.WaitAsync(cancellation).ConfigureAwait(false);
        return await FlushAsync(cancellation).ConfigureAwait(false);
    }

    private async Task FinishControlAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            // Returns to SendAsync first, so that the task is known before it ends.
            await Task.Yield();
            await flush.ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _isFlushing = false;
                _controlFlush = null;
            }
        }
    }

    /// <summary>Ends the frame before, if there is one, and begins another with this much room.</summary>
    private void OpenFrame(int bytes)
    {
        lock (_gate)
        {
            Seal();
            _isFrameOpen = true;
            // Once something stands aside what follows stands behind it, until the next flush.
            _isAside = _isClosed || _isFlushing || _aside is not null;
            var roomMax = bytes + FrameHeader.WrittenBytesMax;
            var memory = _isAside ? (_aside ??= new()).GetMemory(roomMax) : inner.GetMemory(roomMax);
            // Blocks are 64 KiB, so a length of two bytes says it, unless more was asked for in one piece.
            var isShort = bytes <= ushort.MaxValue - ShortRoom;
            _room = isShort ? ShortRoom : FrameHeader.WrittenBytesMax;
            _frame = isShort ? memory[..Math.Min(memory.Length, ushort.MaxValue)] : memory;
        }
    }

    /// <summary>Under the gate: writes the header before what was written and hands both to the transport.</summary>
    private void Seal()
    {
        if (_written > 0)
        {
            var header = FrameHeader.WrittenBytes(_written);
            var frame = _frame.Span;
            if (header < _room) frame.Slice(_room, _written).CopyTo(frame[header..]);
            FrameHeader.Write(frame, Opcode.Binary, _written);
            if (_isAside) _aside!.Advance(header + _written);
            else inner.Advance(header + _written);
            if (_isClosed) _aside!.ResetWrittenCount();
        }

        (_frame, _room, _written) = (default, 0, 0);
    }

    private void WriteAside()
    {
        if (_aside is null || _isClosed) return;
        inner.Write(_aside.WrittenSpan);
        _aside = null;
    }

    private void WriteControls()
    {
        if (_isClosed) return;
        if (_pendingPong is { } pong)
        {
            WriteControl(Opcode.Pong, pong);
            _pendingPong = null;
        }

        if (_pendingClose is not { } code) return;
        Span<byte> payload = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        WriteControl(Opcode.Close, code == CloseCode.None ? [] : payload);
        _isClosed = true;
    }

    private void WriteControl(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[2];
        FrameHeader.Write(header, opcode, payload.Length);
        inner.Write(header);
        inner.Write(payload);
    }
}
