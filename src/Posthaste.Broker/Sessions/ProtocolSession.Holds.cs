using Posthaste.Broker.Statistics;

namespace Posthaste.Broker.Sessions;

/// <summary>Back-pressure: while there is a reason to wait, the socket is not read.</summary>
public abstract partial class ProtocolSession
{
    private const string QuotaReason = "publish quota";

    /// <summary>
    /// A client is told that it is not read when that takes this long; less, and it would be told all the time.
    /// </summary>
    private static readonly TimeSpan QuotaNoticeMin = TimeSpan.FromSeconds(1);

    private Hold _hold;
    private Answer? _answer;
    private Wakening? _wake;
    private SizeHistogram? _publishedSizes;

    // What of it has been taken from the quotas.
    private long _chargedCount;
    private long _chargedBytes;
    private TimeSpan _quotaWait;
    private volatile bool _isQuotaDue;
    private volatile bool _isBlocked;

    /// <summary>Why the reader leaves bytes unread.</summary>
    private enum Hold
    {
        None,

        /// <summary>A resource is short and the client publishes.</summary>
        Alarm,

        /// <summary>More was published than is synced.</summary>
        Congestion,

        /// <summary>More was published than the user, or the virtual host, may per second.</summary>
        Quota,

        /// <summary>The client sends requests but does not read the answers.</summary>
        Output,

        /// <summary>Somebody else is asked: see <see cref="Await"/>.</summary>
        Answer,

        /// <summary>The protocol's own: see <see cref="MustHold"/>.</summary>
        Own,
    }

    /// <summary>How large the messages are that came; null before the first. The reader counts, any thread
    /// reads.</summary>
    internal SizeHistogram? PublishedSizes => Volatile.Read(ref _publishedSizes);

    /// <summary>Whether the frames that are left have to wait.</summary>
    protected bool IsHeld => _hold != Hold.None;

    /// <summary>Whether it is not read because it publishes: then a peer's silence means nothing.</summary>
    protected bool IsBlocked => _isBlocked;

    /// <summary>
    /// Whether the protocol's own reason to wait goes on, after <see cref="HoldReader"/>. Asked again whenever the
    /// reader is woken; on any thread's changes, so what it looks at is volatile.
    /// </summary>
    protected virtual bool MustHold => false;

    /// <summary>Lets the reader look again at what it waits for. Any thread, but not under a queue's strand.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _wake, null) is { } wake)
            Broker.Scheduler.Schedule(wake);
    }

    /// <summary>
    /// The frames behind the current one wait while <see cref="MustHold"/>: it has to be answered first.
    /// </summary>
    public void HoldReader() => _hold = Hold.Own;

    /// <summary>
    /// Goes on with an answer that somebody else gives: at once if it is there, else on the reader when it has come.
    /// Until then the frames behind the current one wait; an end of the session does not.
    /// </summary>
    protected void Await<T>(ValueTask<T> answer, Action<T> goOn)
    {
        if (answer.IsCompleted)
        {
            goOn(answer.GetAwaiter().GetResult());
            return;
        }

        var task = answer.AsTask();
        _answer = new Answer(task, () => goOn(task.GetAwaiter().GetResult()));
        _hold = Hold.Answer;
        task.GetAwaiter().OnCompleted(LookAgain);
    }

    /// <summary>A message came; with an alarm raised, it is the last one that is read.</summary>
    public void NotePublish(int bodyBytes) => (_publishedSizes ??= new SizeHistogram()).Add(bodyBytes);

    /// <summary>The client is not read because it publishes while a resource is short.</summary>
    protected virtual void OnBlocked(string reason)
    {
    }

    /// <summary>The client is read again.</summary>
    protected virtual void OnUnblocked()
    {
    }

    private void TakeAnswer()
    {
        if (_answer is not { } answer)
            return;
        if (answer.Task.IsCompleted || _closeRequest is not null)
            _answer = null;
        else
            _hold = Hold.Answer;

        // Who has been told that it is over is not told anything else.
        if (answer.Task.IsCompleted && _closeRequest is null)
            answer.GoOn();
    }

    private void NoteHolds()
    {
        var hasPublished = ChargePublished();
        if (IsHeld || !IsRunning)
            return;
        if (hasPublished && Broker.Alarms.PublishersBlocked)
            _hold = Hold.Alarm;
        else if (hasPublished && _quotaWait > TimeSpan.Zero)
            _hold = Hold.Quota;
        else if (hasPublished && Broker.Pipeline.IsCongested)
            _hold = Hold.Congestion;
        else if (Output.IsOverfull)
            _hold = Hold.Output;
    }

    /// <summary>Takes what has come since the last call from the quotas.</summary>
    /// <returns>Whether anything has.</returns>
    private bool ChargePublished()
    {
        if (_publishedSizes is not { } published)
            return false;
        var count = published.Count - _chargedCount;
        var bytes = published.SumBytes - _chargedBytes;
        if (count == 0)
            return false;
        if (_opened is not null)
            _quotaWait = _opened.Charge((int)count, bytes);
        _chargedCount += count;
        _chargedBytes += bytes;
        return true;
    }

    private async ValueTask WaitAsync()
    {
        switch (_hold)
        {
            case Hold.Alarm:
                await WaitForAlarmAsync().ConfigureAwait(false);
                break;
            case Hold.Quota:
                await WaitForQuotaAsync().ConfigureAwait(false);
                break;
            case Hold.Congestion:
                await Broker.Pipeline.WaitForRoomAsync(CancellationToken.None).ConfigureAwait(false);
                break;
            default:
                await WaitUntilWokenAsync().ConfigureAwait(false);
                break;
        }
    }

    private async ValueTask WaitForAlarmAsync()
    {
        var reason = Broker.Alarms.Reason;
        SessionLog.Blocked(Log, _protocol, Peer, reason);
        _isBlocked = true;
        OnBlocked(reason);
        Broker.Alarms.Changed += Wake;
        try
        {
            await WaitUntilWokenAsync().ConfigureAwait(false);
        }
        finally
        {
            Broker.Alarms.Changed -= Wake;
            _isBlocked = false;
        }

        if (!Output.IsDead)
            OnUnblocked();
        SessionLog.Unblocked(Log, _protocol, Peer);
    }

    /// <summary>
    /// Leaves the socket unread until what was taken too much of a rate is made up for. Not once the client has hung
    /// up: it has sent its last, which is charged all the same, and what it holds is wanted elsewhere.
    /// </summary>
    private async ValueTask WaitForQuotaAsync()
    {
        var isTold = _quotaWait >= QuotaNoticeMin;
        var beginning = Broker.Statistics.QuotaHolds.Begin();
        _isBlocked = true;
        _isQuotaDue = false;
        using (Broker.Options.ConnectionTime.CreateTimer(
            static session => ((ProtocolSession)session!).QuotaDue(), this, _quotaWait, Timeout.InfiniteTimeSpan))
        using (Transport.HungUp.UnsafeRegister(static session => ((ProtocolSession)session!).QuotaDue(), this))
        {
            if (isTold)
                OnBlocked(QuotaReason);
            await WaitUntilWokenAsync().ConfigureAwait(false);
        }

        Broker.Statistics.QuotaHolds.End(beginning);
        _isBlocked = false;
        if (isTold && !Output.IsDead)
            OnUnblocked();
    }

    private void QuotaDue()
    {
        _isQuotaDue = true;
        Wake();
    }

    private async ValueTask WaitUntilWokenAsync()
    {
        while (true)
        {
            // Set before the look: whoever changes what is looked at wakes afterwards.
            var wake = new Wakening();
            Volatile.Write(ref _wake, wake);
            if (!MustWait())
                return;
            await wake.Task.ConfigureAwait(false);
        }
    }

    private bool MustWait() => !Output.IsDead && _closeRequest is null && _hold switch
    {
        Hold.Alarm => Broker.Alarms.PublishersBlocked,
        Hold.Quota => !_isQuotaDue,
        Hold.Output => Output.IsOverfull,
        Hold.Answer => _answer is { Task.IsCompleted: false },
        Hold.Own => MustHold,
        _ => false,
    };

    private sealed record Answer(Task Task, Action GoOn);

    /// <summary>The reader's wait: it goes on where the scheduler has it, never on the thread that wakes it.</summary>
    private sealed class Wakening : TaskCompletionSource, IThreadPoolWorkItem
    {
        public void Execute() => TrySetResult();
    }
}
