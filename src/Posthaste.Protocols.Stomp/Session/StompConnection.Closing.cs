using System.Buffers;
using System.Text;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>Errors, heart-beats and the ways in which a connection ends.</summary>
internal sealed partial class StompConnection
{
    // Intervals that a client may miss: networks delay, and the specification asks for tolerance.
    private const int HeartBeatsMissedMax = 2;

    private int _sendEveryMs;
    private int _expectEveryMs;
    private long _startedMs;
    private long _closingSinceMs;
    private long _lastReceivedMs;
    private long _lastSentMs;
    private byte[] _lastFrame = [];
    private bool _hasSentError;

    /// <summary>Ends it because the broker refused a message that a receipt was wanted for. Any thread.</summary>
    public void OnRefused(byte[] receipt)
    {
        // The end of its virtual host ends the connection, and says so.
        if (Opened.Host.IsDeleted)
            return;
        RequestCloseLater(new ErrorRequest(
            new("Message refused", "a queue that it was routed to is full, or the journal cannot be written"),
            "receipt-id", receipt));
    }

    /// <summary>Ends it because the queue of a subscription was deleted. Any thread.</summary>
    public void OnQueueDeleted(StompSubscription subscription) => RequestCloseLater(new ErrorRequest(
        new("Server cancelled subscription", $"queue '{subscription.Queue.Name}' was deleted"),
        "subscription", subscription.Id.ToArray()));

    /// <summary>For callers that hold a lock: an output's gate or a queue's strand.</summary>
    private void RequestCloseLater(ErrorRequest request) => ThreadPool.UnsafeQueueUserWorkItem(
        static item => item.connection.RequestClose(item.request), (connection: this, request), preferLocal: false);

    protected override void OnCloseRequested(CloseRequest request)
    {
        if (_state == ConnectionState.Closed)
            return;
        if (_state == ConnectionState.AwaitingConnect)
        {
            _state = ConnectionState.Closed;
            return;
        }

        // What caused it may keep receipts from coming that are still outstanding, so they are not waited for.
        if (request is ErrorRequest named)
            Prepare(named.Error, named.Header, named.Value);
        else if (request.Cause == CloseCause.JournalFailed)
            Prepare(new("internal_error", request.Text));
        else if (request.Cause == CloseCause.LoginExpired)
            Prepare(new("access_refused", request.Text));
        else
            Prepare(new("connection_forced", request.Text));
        SendLast();
    }

    /// <summary>Takes DISCONNECT: the receipts before it go first.</summary>
    private bool Disconnect(scoped in StompFrame frame, ReadScope scope)
    {
        HandOver(scope);
        scope.Flushes.FlushAll();
        if (AwaitsReceipts)
        {
            HoldReader();
            return false;
        }

        // Before the answer: a client that has it may connect again and expect its exclusive queues to be gone.
        ReturnAll();
        Opened.Dispose();
        if (frame.Has(KnownHeader.Receipt))
        {
            lock (Output.Gate)
                Output.WriteReceipt(frame.Raw(KnownHeader.Receipt));
            Output.Flush();
        }

        StompLog.ClosedByClient(Log, Peer);
        _state = ConnectionState.Closed;
        return true;
    }

    /// <summary>Tells the client what it did wrong, which ends the connection.</summary>
    private void Fail(in StompError error, ReadOnlySpan<byte> receipt, ReadScope scope)
    {
        // What came before the error has been accepted and counts.
        HandOver(scope);
        Prepare(error, "receipt-id", receipt);
    }

    /// <param name="error">What the ERROR frame says.</param>
    /// <param name="header">A header that it gets in addition.</param>
    /// <param name="value">Its value, escaped; empty to leave it out.</param>
    private void Prepare(in StompError error, string header = "", ReadOnlySpan<byte> value = default)
    {
        if (_state >= ConnectionState.Failing)
            return;
        StompLog.Failed(Log, Peer, error.Message, error.Detail);
        _state = ConnectionState.Failing;
        var frame = new FrameBuilder("ERROR"u8, _version).With("message"u8, error.Message);
        if (!value.IsEmpty)
            frame.WithRaw(Encoding.ASCII.GetBytes(header), value);
        var body = Encoding.UTF8.GetBytes(error.Detail + "\n");
        _lastFrame = frame
            .With("version"u8, StompVersions.Supported)
            .With("content-type"u8, "text/plain"u8)
            .With("content-length"u8, $"{body.Length}")
            .Build(body);
    }

    /// <summary>
    /// Sends the ERROR when the receipts before it are out. Until then nothing of the buffer is taken, so that the
    /// reader comes back here.
    /// </summary>
    private SequencePosition FinishFailing(in ReadOnlySequence<byte> buffer)
    {
        if (AwaitsReceipts && !buffer.IsEmpty)
        {
            HoldReader();
            return buffer.Start;
        }

        SendLast();
        return buffer.End;
    }

    private void SendLast()
    {
        if (_session is not null)
        {
            ReturnAll();
            Opened.Dispose();
        }

        Output.SendNow(_lastFrame);
        _hasSentError = true;
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
        _session?.NoteAges(nowMs);
        if (CutReason(nowMs) is { } reason)
            Cut(reason);
        else if (IsHeartBeatDue(nowMs))
            Output.SendNow("\n"u8);
    }

    private string? CutReason(long nowMs)
    {
        if (_state == ConnectionState.AwaitingConnect)
            return nowMs - _startedMs > Limits.HandshakeMsMax ? "no CONNECT in time" : null;
        if (_state >= ConnectionState.Failing)
        {
            if (_closingSinceMs == 0)
                _closingSinceMs = nowMs;
            return nowMs - _closingSinceMs > Limits.CloseMsMax ? "its time to close is over" : null;
        }

        if (_expectEveryMs > 0 && nowMs - _lastReceivedMs > HeartBeatsMissedMax * (long)_expectEveryMs)
            return $"missed heart-beats from client, timeout: {_expectEveryMs} ms";
        return Output.IsStalled(nowMs, Broker.Options.WriteStallMsMax) ? "the client does not read" : null;
    }

    // Half the interval: the ticker is coarse, and a heart-beat that comes early does no harm.
    private bool IsHeartBeatDue(long nowMs) =>
        _sendEveryMs > 0 && _state == ConnectionState.Running && nowMs - _lastSentMs >= _sendEveryMs / 2;

    /// <summary>A request whose ERROR names what it is about.</summary>
    private sealed record ErrorRequest(StompError Error, string Header, byte[] Value)
        : CloseRequest(CloseCause.Operator, Error.Detail);
}
