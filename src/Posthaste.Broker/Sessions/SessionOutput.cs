using System.IO.Pipelines;
using Posthaste.Broker.Statistics;

namespace Posthaste.Broker.Sessions;

/// <summary>
/// Everything that a session sends, from whatever thread: the only writer of its connection's pipe. A protocol derives
/// from it to write its own frames.
/// </summary>
/// <remarks>
/// <para>
/// All writes happen under <see cref="Gate"/>, which also guards what has to agree with the order of the bytes:
/// delivery numbers, unsettled deliveries, confirms, deferred replies. Queues take it on their strand, so its holder
/// calls no queue, and neither the catalog nor the pipeline.
/// </para>
/// <para>
/// While the pipe does not take more (the peer reads slowly) writes go to a side buffer, which is all that a slow peer
/// can make grow: deliveries stop at <see cref="SideBytesForDeliveries"/>, the reader takes no further commands at
/// <see cref="SideBytesForReplies"/>. A pipe must not be written to during an unfinished flush, hence the side buffer.
/// </para>
/// <para>
/// Discipline of flushing: whoever writes a delivery, a confirm or a reply adds the output to the
/// <see cref="FlushSet"/> of its batch of work, so that the transport is woken once per batch.
/// </para>
/// </remarks>
public abstract class SessionOutput : IFlushable
{
    /// <summary>
    /// Side buffer at which deliveries stop: enough to keep the socket busy while the queues are woken again.
    /// </summary>
    public const int SideBytesForDeliveries = 64 * 1024;

    /// <summary>
    /// Side buffer at which the connection is not read: thousands of replies, which nobody leaves unread by accident.
    /// </summary>
    public const int SideBytesForReplies = 256 * 1024;

    // Written but unflushed bytes at which the output flushes by itself: a queue that drains a backlog must not fill
    // memory before it comes to flush. Larger than what a socket takes at once.
    private const int UnflushedBytesMax = 128 * 1024;

    // What any pool hands out in one piece; larger requests would leave the pool of pinned blocks.
    private const int ContiguousBytesMax = 4096;

    private readonly PipeWriter _pipe;
    private readonly Action _onFlushed;
    private readonly Action _onChanged;
    private readonly List<ConfirmWindow> _unsent = [];
    private List<SessionSubscription>? _refused;
    private TaskCompletionSource? _drained;
    private ValueTask<FlushResult> _flush;
    private PipeBlock _block;
    private SideBuffer _side = new();
    private int _unflushedBytes;
    private long _flushedCount;
    private long _sentBytes;
    private long _flushedCountSeen;
    private long _stalledSinceMs;
    private DeliveryCounts _deliveries;
    private bool _hasSent;
    private volatile bool _isFlushing;
    private volatile bool _hasRoom = true;
    private volatile bool _isDead;
    private volatile bool _isInFlushSet;

    /// <param name="pipe">The transport's output.</param>
    /// <param name="onChanged">Told, without the gate, when room comes back or the peer is found gone.</param>
    protected SessionOutput(PipeWriter pipe, Action onChanged)
    {
        _pipe = pipe;
        _block = new PipeBlock(pipe);
        _onChanged = onChanged;
        _onFlushed = OnFlushed;
    }

    /// <summary>Guards the output and the delivery state of the session.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The peer takes no more: writes go nowhere.</summary>
    public bool IsDead => _isDead;

    /// <summary>
    /// Whether deliveries may be written. Lock-free; a late answer only moves the limit by a message.
    /// </summary>
    public bool HasRoom => _hasRoom;

    /// <summary>Bytes that were handed to the transport. Any thread.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    /// <summary>How often the transport was handed some. Any thread.</summary>
    public long FlushCount => Volatile.Read(ref _flushedCount);

    /// <summary>Deliveries of a session that has no channels to count them. Any thread.</summary>
    public DeliveryCounts Deliveries => _deliveries;

    /// <summary>Told of flushes; null until the client has logged in.</summary>
    internal ConnectionMeter? Meter { get; set; }

    /// <summary>Whether so much is unread that no further commands should be taken.</summary>
    public bool IsOverfull => _isFlushing && _side.Count >= SideBytesForReplies;

    public bool IsInFlushSet
    {
        get => _isInFlushSet;
        set => _isInFlushSet = value;
    }

    /// <summary>Whether anything went out since the last call: a heartbeat is due only when nothing did.</summary>
    public bool TakeHasSent() => Interlocked.Exchange(ref _hasSent, false);

    /// <summary>
    /// Whether the peer has read nothing of what is ready for it for longer than <paramref name="msMax"/>. To be asked
    /// at each tick, by the ticker alone: it compares with what it saw before.
    /// </summary>
    public bool IsStalled(long nowMs, int msMax)
    {
        var count = Volatile.Read(ref _flushedCount);
        if (!_isFlushing || count != _flushedCountSeen)
        {
            _flushedCountSeen = count;
            _stalledSinceMs = nowMs;
        }

        return nowMs - _stalledSinceMs > msMax;
    }

    /// <summary>Makes all that was written visible to the transport.</summary>
    public void Flush()
    {
        lock (Gate)
            FlushUnderGate();
    }

    /// <summary>Bytes that are whole frames, flushed at once.</summary>
    public void SendNow(ReadOnlySpan<byte> bytes)
    {
        lock (Gate)
        {
            WriteBytes(bytes);
            FlushUnderGate();
        }
    }

    /// <summary>Under the gate: writes bytes as they are, in as many pieces as the pipe's blocks ask for.</summary>
    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_isDead)
        {
            var target = GetSpan(1);
            var count = int.Min(target.Length, bytes.Length);
            bytes[..count].CopyTo(target);
            Advance(count);
            bytes = bytes[count..];
        }
    }

    /// <summary>Under the gate: counts a delivery of a session that has no channels.</summary>
    public void CountDelivery(bool noAck, bool redelivered) => _deliveries.CountDelivery(noAck, redelivered);

    /// <summary>
    /// Whether a delivery may be written now; if not, the subscription is resumed when there is room again. On the
    /// strand of the subscription's queue.
    /// </summary>
    public bool TryReserve(SessionSubscription subscription)
    {
        if (_hasRoom)
            return true;
        lock (Gate)
        {
            if (_hasRoom)
                return true;
            (_refused ??= []).Add(subscription);
            return false;
        }
    }

    /// <summary>Flushes, and completes when the transport has taken everything or never will.</summary>
    public Task WhenDrained()
    {
        lock (Gate)
        {
            FlushUnderGate();
            if (!_isFlushing || _isDead)
                return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>
    /// Ends writing: later writes go nowhere, memory is given back. The pipe itself is completed by the session.
    /// </summary>
    public void Kill()
    {
        lock (Gate)
            KillUnderGate();
    }

    /// <summary>Under the gate: as <see cref="Flush"/>.</summary>
    protected internal void FlushUnderGate()
    {
        if (_isDead)
            return;
        if (_unsent.Count > 0)
            WriteConfirms();
        if (!_isFlushing && _unflushedBytes > 0)
            StartFlush();
    }

    /// <summary>
    /// Under the gate: room for a small frame, at most 4,096 bytes, in one piece; <see cref="Advance"/> follows before
    /// anything else is written. Not when <see cref="IsDead"/>.
    /// </summary>
    protected Span<byte> GetSpan(int bytes) => _isFlushing ? _side.GetSpan(bytes) : _block.GetSpan(bytes);

    /// <summary>
    /// Under the gate: room for a frame of any size in one piece, if the pipe has it; else the frame is written in
    /// pieces, with <see cref="WriteBytes"/>. Not when <see cref="IsDead"/>.
    /// </summary>
    protected bool TryGetContiguous(int bytes, out Span<byte> target)
    {
        target = GetSpan(bytes <= ContiguousBytesMax ? bytes : 1);
        return target.Length >= bytes;
    }

    /// <summary>Under the gate: so many bytes of what was got have been written.</summary>
    protected void Advance(int bytes)
    {
        if (_isFlushing)
        {
            _side.Advance(bytes);
            if (_side.Count >= SideBytesForDeliveries)
                _hasRoom = false;
            return;
        }

        _block.Advance(bytes);
        _unflushedBytes += bytes;
        if (_unflushedBytes >= UnflushedBytesMax)
            StartFlush();
    }

    /// <summary>Under the gate: the window has confirms to write at the next flush.</summary>
    internal void AddUnsent(ConfirmWindow window) => _unsent.Add(window);

    private void WriteConfirms()
    {
        var kept = 0;
        for (var i = 0; i < _unsent.Count; i++)
        {
            var window = _unsent[i];
            if (!window.TryWrite())
                _unsent[kept++] = window;
        }

        _unsent.RemoveRange(kept, _unsent.Count - kept);
    }

    private void StartFlush()
    {
        _sentBytes += _unflushedBytes;
        _unflushedBytes = 0;
        Volatile.Write(ref _hasSent, true);
        Meter?.Note();
        try
        {
            _block.Commit();

            // Consumed once, in FinishFlush: a cached continuation instead of a state machine for each flush.
#pragma warning disable CA2012
            _flush = _pipe.FlushAsync(CancellationToken.None);
#pragma warning restore CA2012
            if (_flush.IsCompleted)
            {
                FinishFlush();
                return;
            }

            _isFlushing = true;
            _flush.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_onFlushed);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The transport is gone: its reader finds out the same way and ends the connection.
            KillUnderGate();
        }
    }

    private void FinishFlush()
    {
        var isCompleted = _flush.ConfigureAwait(false).GetAwaiter().GetResult().IsCompleted;
        _flushedCount++;
        if (isCompleted)
            KillUnderGate();
    }

    private void OnFlushed()
    {
        // A transport that completes inline calls from within StartFlush, under the gate of its caller, who may be a
        // queue.
        if (Gate.IsHeldByCurrentThread)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static output => output.OnFlushed(), this, preferLocal: true);
            return;
        }

        List<SessionSubscription>? resumed = null;
        lock (Gate)
        {
            try
            {
                _isFlushing = false;
                FinishFlush();
            }
            catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException)
            {
                KillUnderGate();
            }

            DrainSide();
            if (_hasRoom)
                (resumed, _refused) = (_refused, null);
            if (!_isFlushing)
                _drained?.TrySetResult();
        }

        if (resumed is not null)
            Resume(resumed);
        _onChanged();
    }

    private static void Resume(List<SessionSubscription> subscriptions)
    {
        var flushes = FlushSet.ForThisThread;
        foreach (var subscription in subscriptions)
            subscription.Queue.Resume(subscription, flushes);
        flushes.FlushAll();
    }

    private void DrainSide()
    {
        if (_isDead)
            return;
        _hasRoom = true;
        _unflushedBytes += _side.MoveTo(_pipe);
        FlushUnderGate();
    }

    private void KillUnderGate()
    {
        if (_isDead)
            return;
        _isDead = true;
        _hasRoom = false;
        _refused = null;
        _side.Release();
        _drained?.TrySetResult();
        ThreadPool.UnsafeQueueUserWorkItem(static output => output._onChanged(), this, preferLocal: false);
    }
}
