using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>Errors, heartbeats and the ways in which a connection ends.</summary>
internal sealed partial class AmqpConnection
{
    // The client sends nothing for this many intervals before it is taken for dead, as the specification says.
    private const int HeartbeatsMissedMax = 2;

    private const int MsPerSecond = 1000;

    private int _heartbeatMs;
    private long _startedMs;
    private long _closingSinceMs;
    private long _lastReceivedMs;
    private long _lastSentMs;
    private bool _mustLinger;
    private volatile bool _hasOverdue;

    protected override void OnCloseRequested(CloseRequest request)
    {
        // Before connection.open there is nobody who would understand.
        if (_state < ConnectionState.Running)
            _state = ConnectionState.Closed;
        else
            Fail(ToError(request));
    }

    private static WireError ToError(CloseRequest request) => request.Cause switch
    {
        CloseCause.JournalFailed => new(ReplyCode.InternalError, request.Text),
        CloseCause.LoginExpired => new(ReplyCode.NotAllowed, request.Text),
        CloseCause.Shutdown => new(
            ReplyCode.ConnectionForced, $"broker forced connection closure with reason '{request.Text}'"),
        _ => new(ReplyCode.ConnectionForced, request.Text),
    };

    /// <summary>Ends the channel or the connection, whichever the error is worth.</summary>
    private void Fail(AmqpChannel channel, in WireError error, ReadScope scope)
    {
        // What came before the error has been accepted and counts.
        HandOver(scope);
        if (error.Scope == ErrorScope.Connection)
        {
            Fail(error);
            return;
        }

        AmqpLog.ChannelError(Log, Peer, channel.Number, (int)error.Code, error.Detail);
        channel.Fail(error, scope);
        TouchOutput();
    }

    /// <summary>Tells the client what it did wrong and waits for its close-ok.</summary>
    private void Fail(in WireError error)
    {
        if (_state >= ConnectionState.Closing)
            return;
        AmqpLog.ConnectionError(Log, Peer, (int)error.Code, error.Detail);
        var wasRunning = _state == ConnectionState.Running;
        _state = ConnectionState.Closing;
        if (wasRunning)
            ReturnAll();
        SendClose(error);
    }

    /// <summary>The bytes make no sense: says so, and reads no further, also no close-ok.</summary>
    private void FailFraming(in WireError error)
    {
        Fail(error);
        _mustLinger = true;
        _state = ConnectionState.Closed;
    }

    private void SendClose(in WireError error)
    {
        Span<byte> text = stackalloc byte[ShortStrings.BytesMax];
        Output.SendNow(0, new ConnectionClose
        {
            ReplyCode = (ushort)error.Code,
            ReplyText = ReplyTexts.Fit(error.ReplyText, text),
            FailedClass = error.Method.ClassNumber(),
            FailedMethod = error.Method.MethodNumber(),
        });
    }

    private void TouchOutput() => Output.Flush();

    private void HandleClose(in Frame frame)
    {
        if (!ConnectionClose.TryRead(frame.Payload, out _))
        {
            Fail(WireError.MalformedMethod(MethodId.ConnectionClose));
            return;
        }

        if (_state == ConnectionState.Running)
        {
            // Before the answer: a client that has it may connect again and expect its exclusive queues to be gone.
            ReturnAll();
            Opened.Dispose();
        }

        Output.SendNow(0, default(ConnectionCloseOk));
        if (_state == ConnectionState.Closing)
            return;
        AmqpLog.ClosedByClient(Log, Peer);
        _state = ConnectionState.Closed;
    }

    public override void Tick(long nowMs)
    {
        if (_startedMs == 0)
            _startedMs = _lastReceivedMs = _lastSentMs = nowMs;

        // A blocked connection is not read, so its silence means nothing.
        if (TakeHasReceived() || IsBlocked)
            _lastReceivedMs = nowMs;

        if (Output.TakeHasSent())
            _lastSentMs = nowMs;
        if (CutReason(nowMs) is { } reason)
        {
            Cut(reason);
            return;
        }

        if (IsHeartbeatDue(nowMs))
            Output.SendNow(MethodFrame.Heartbeat);
        if (_state == ConnectionState.Running)
            FindOverdue(nowMs);
    }

    /// <summary>
    /// Looks for deliveries that were not acknowledged in time. The reader then closes their channels.
    /// </summary>
    private void FindOverdue(long nowMs)
    {
        // The reader adds and removes channels meanwhile: one that is missed now is found at the next tick.
        foreach (var channel in _channels)
        {
            if (channel is null)
                continue;
            if (IsBlocked)
                channel.Deliveries.ForgetAges();
            else if (channel.Deliveries.HasOverdue(nowMs, out var timeoutMs))
                NoteOverdue(channel, timeoutMs);
        }
    }

    private void NoteOverdue(AmqpChannel channel, long timeoutMs)
    {
        channel.OverdueTimeoutMs = timeoutMs;
        _hasOverdue = true;
        LookAgain();
    }

    /// <summary>Closes the channels whose clients hold deliveries for too long. On the reader.</summary>
    private void CloseOverdue(ReadScope scope)
    {
        _hasOverdue = false;
        foreach (var channel in _channels)
        {
            if (channel is not { OverdueTimeoutMs: > 0 and var timeoutMs, IsClosing: false })
                continue;
            Fail(channel, Overdue(channel, timeoutMs), scope);
        }
    }

    private static WireError Overdue(AmqpChannel channel, long timeoutMs) => new(
        ReplyCode.PreconditionFailed,
        $"delivery acknowledgement on channel {channel.Number} timed out. Timeout value used: {timeoutMs} ms. " +
        "This timeout value can be configured, see consumers doc guide to learn more");

    private string? CutReason(long nowMs)
    {
        if (_state < ConnectionState.Running)
            return nowMs - _startedMs > Limits.HandshakeMsMax ? "handshake timeout" : null;
        if (_state == ConnectionState.Closing)
        {
            if (_closingSinceMs == 0)
                _closingSinceMs = nowMs;
            return nowMs - _closingSinceMs > Limits.CloseMsMax ? "no answer to connection.close" : null;
        }

        if (_heartbeatMs > 0 && nowMs - _lastReceivedMs > HeartbeatsMissedMax * _heartbeatMs)
            return $"missed heartbeats from client, timeout: {_heartbeatMs / MsPerSecond}s";
        return Output.IsStalled(nowMs, Broker.Options.WriteStallMsMax) ? "the client does not read" : null;
    }

    private bool IsHeartbeatDue(long nowMs) =>
        _heartbeatMs > 0 && _state == ConnectionState.Running && nowMs - _lastSentMs >= _heartbeatMs / 2;
}
