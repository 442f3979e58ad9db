using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using Posthaste.Broker.Auditing;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Remote;

namespace Posthaste.Broker.Sessions;

/// <summary>
/// One connection of a client, from accept to end: what every protocol needs around its frames. A protocol derives
/// from it, reads frames in <see cref="Process"/> and writes them with its <see cref="Output"/>.
/// </summary>
/// <remarks>
/// <para>
/// One reader at a time runs the loop: it takes every whole frame of what has arrived, hands publishes and settlements
/// to the broker in batches, and flushes every touched output once. Deliveries and confirms come on other threads and
/// meet it only in the output, under its gate. Calls from outside (close, wake) leave a note and wake the reader.
/// </para>
/// <para>
/// Memory: an idle connection holds this object and its output. Buffers are the transport's, or lent
/// (<see cref="ReadScope"/>) while a read is worked through. Nothing that a peer does throws out of
/// <see cref="RunAsync"/>.
/// </para>
/// </remarks>
public abstract partial class ProtocolSession : ITickable
{
    private readonly string _protocol;
    private readonly ReadScopePool _scopes;
    private readonly PipeReader _input;
    private BrokerConnection? _opened;
    private IDisposable? _expiryTicks;
    private WaitingThreads? _waiting;
    private volatile CloseRequest? _closeRequest;
    private volatile bool _hasReceived;
    private long _receivedBytes;
    private long _readCount;

    /// <param name="protocol">The protocol's name for people, as in logs: <c>AMQP</c>.</param>
    /// <param name="broker">The broker that it works on.</param>
    /// <param name="connection">The transport.</param>
    /// <param name="scopes">One pool for all sessions of the protocol.</param>
    /// <param name="log">Where it logs.</param>
    protected ProtocolSession(
        string protocol, MessageBroker broker, ProtocolConnection connection, ReadScopePool scopes, ILogger log)
    {
        _protocol = protocol;
        _scopes = scopes;
        _input = connection.Transport.Input;
        Broker = broker;
        Transport = connection;
        Log = log;
    }

    /// <summary>Everything that it sends; made by the constructor, with <see cref="Wake"/> as its change.</summary>
    public abstract SessionOutput Output { get; }

    /// <summary>The broker that it works on.</summary>
    public MessageBroker Broker { get; }

    /// <summary>The broker's side of it, once <see cref="Open"/> has been called.</summary>
    public BrokerConnection Opened => _opened!;

    /// <summary>Bytes that came and were worked through. Any thread.</summary>
    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    /// <summary>Reads that brought some. Any thread.</summary>
    public long ReadCount => Volatile.Read(ref _readCount);

    /// <summary>Where it logs.</summary>
    protected ILogger Log { get; }

    /// <summary>The transport.</summary>
    protected ProtocolConnection Transport { get; }

    /// <summary>The peer's address, for logs.</summary>
    protected string Peer => Transport.RemoteEndPoint?.ToString() ?? "in-process";

    /// <summary>The reader stops: the session has said its last.</summary>
    protected abstract bool HasEnded { get; }

    /// <summary>
    /// Whether the client has logged in and is not on its way out; only then it is held up by back-pressure.
    /// </summary>
    protected abstract bool IsRunning { get; }

    /// <summary>Serves the connection until it ends. Does not throw for what the peer or the transport does.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var onStopping = stopping.UnsafeRegister(
            static session => ((ProtocolSession)session!).RequestClose(CloseRequest.Shutdown), this);
        using var ticks = Broker.Ticker.Register(this);
        try
        {
            await ReadAsync().ConfigureAwait(false);

            // Before the last bytes: whoever waits for what the session holds does not wait for a slow peer.
            LetGo();
            await DrainAsync().ConfigureAwait(false);
            if (MustLinger && !Output.IsDead)
                await LingerAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or TimeoutException)
        {
            SessionLog.Abandoned(Log, _protocol, Peer);
        }
#pragma warning disable CA1031 // The boundary of a connection: a defect ends this one and is logged; the others go on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            SessionLog.Defect(Log, _protocol, Peer, e);
        }
        finally
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Asks the reader to close the session; the first request counts. Any thread, but not under a queue's strand.
    /// </summary>
    public void RequestClose(CloseRequest request)
    {
        if (Interlocked.CompareExchange(ref _closeRequest, request, null) is not null)
            return;
        LookAgain();
    }

    /// <summary>
    /// What the client waits for will not become durable: ends the session. One whose virtual host is deleted is ended
    /// by that, in its words. Any thread, but not under a queue's strand.
    /// </summary>
    public void RequestCloseAsNotDurable()
    {
        if (!Opened.Host.IsDeleted) RequestClose(CloseRequest.JournalFailed);
    }

    /// <summary>
    /// Lets the reader call <see cref="Process"/>, also if nothing has come. Any thread, but not under a queue's
    /// strand.
    /// </summary>
    protected void LookAgain()
    {
        _input.CancelPendingRead();
        Wake();
    }

    /// <summary>Heartbeats and time limits. On the ticker's thread, so it only looks, sends and cuts.</summary>
    public abstract void Tick(long nowMs);

    /// <summary>
    /// Works through all whole frames of what has come, unless <see cref="IsHeld"/> makes it stop early. Spans of
    /// the buffer are pinned until <see cref="HandOver"/>, which the base calls behind it.
    /// </summary>
    /// <returns>Where the next read has to begin.</returns>
    protected abstract SequencePosition Process(in ReadOnlySequence<byte> buffer, ReadScope scope);

    /// <summary>
    /// Hands what has been gathered to the broker, so that what comes next finds it done: publishes first, then
    /// <see cref="ReadScope.HandOver"/>.
    /// </summary>
    protected abstract void HandOver(ReadScope scope);

    /// <summary>
    /// Somebody wants the session to end: tells the client in the protocol's words. On the reader, before each read
    /// that is worked through from then on.
    /// </summary>
    protected abstract void OnCloseRequested(CloseRequest request);

    /// <summary>
    /// Gives back what the session holds, whatever ended it; no delivery comes after it. May be called again.
    /// </summary>
    protected abstract void ReturnHeld(ReadScope scope);

    /// <summary>The reader has stopped, for whatever reason.</summary>
    protected abstract void OnEnded();

    /// <summary>
    /// The input ended. True if that was to be expected; otherwise the log says that it was abandoned.
    /// </summary>
    protected abstract bool OnEndOfInput();

    /// <summary>
    /// Asks whether a user who has proven to be it may enter a virtual host, and goes on with the answer. If a service
    /// has it, that is on a thread that may wait, and so is all that the client does from then on.
    /// </summary>
    protected void Enter(BrokerUser user, string virtualHost, Action<bool> goOn)
    {
        if (user.Grants is { AsksElsewhere: true })
            _waiting = Broker.WaitingThreads;
        Await(Broker.EnterAsync(user, virtualHost, Transport), goOn);
    }

    /// <summary>The client has logged in: the broker counts the connection from now on.</summary>
    /// <exception cref="BrokerLimitException">There are as many connections as may be.</exception>
    protected BrokerConnection Open(string protocol, BrokerUser user, VirtualHost host, string? clientName)
    {
        var opened = Broker.OpenConnection(Transport, protocol, user, host, clientName);
        opened.CloseRequested += OnOperatorRequest;
        opened.Meter.Session = this;
        Output.Meter = opened.Meter;
        _opened = opened;
        if (opened.CloseReason is { } reason) OnOperatorRequest(reason);
        if (user.ExpiresAtMs is not null) _expiryTicks = Broker.Ticker.Register(new LoginExpiry(this));
        return opened;
    }

    /// <summary>
    /// <see cref="ReturnHeld"/> now, before the client is told that it is over: what it looks at next must find it
    /// so.
    /// </summary>
    protected void ReturnAll()
    {
        var scope = _scopes.Rent();
        ReturnHeld(scope);
        FinishRead(scope);
        _scopes.Return(scope);
    }

    /// <summary>
    /// Lets the reader call <see cref="Process"/> though nothing may have come: there is work of another kind for it.
    /// Any thread, but not under a queue's strand.
    /// </summary>
    protected void InterruptReader()
    {
        _input.CancelPendingRead();
        Wake();
    }

    /// <summary>Whether anything has come since the last call. For the ticker.</summary>
    protected bool TakeHasReceived()
    {
        var received = _hasReceived;
        _hasReceived = false;
        return received;
    }

    /// <summary>Ends the connection at once, without a word to the peer. Any thread.</summary>
    protected void Cut(string reason)
    {
        SessionLog.Cut(Log, _protocol, Peer, reason);
        Output.Kill();
        Transport.Abort(reason);
        _input.CancelPendingRead();
    }

    private async Task ReadAsync()
    {
        while (true)
        {
            var result = await _input.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            var buffer = result.Buffer;
            if (!result.IsCanceled)
                _hasReceived = true;
            var consumed = _waiting is null
                ? ProcessRead(buffer)
                : await _waiting.RunAsync(() => ProcessRead(buffer)).ConfigureAwait(false);

            // Held before the end: the rest is to be looked at again at once. Otherwise all was examined, and the next
            // read completes only when there is more.
            var isHeld = IsHeld;
            _input.AdvanceTo(consumed, isHeld ? consumed : buffer.End);
            if (HasEnded)
                return;
            if (isHeld)
            {
                await WaitAsync().ConfigureAwait(false);
            }
            else if (result.IsCompleted)
            {
                if (!OnEndOfInput())
                    SessionLog.Abandoned(Log, _protocol, Peer);
                return;
            }
        }
    }

    private SequencePosition ProcessRead(in ReadOnlySequence<byte> buffer)
    {
        _hold = Hold.None;

        // Not given back when something throws: then nobody knows what is in it.
        var scope = _scopes.Rent();
        if (_closeRequest is { } request)
            OnCloseRequested(request);
        TakeAnswer();
        var consumed = IsHeld ? buffer.Start : Process(buffer, scope);
        _receivedBytes += buffer.Slice(buffer.Start, consumed).Length;
        _readCount++;
        FinishRead(scope);
        _opened?.Meter.Note();
        _scopes.Return(scope);
        NoteHolds();
        return consumed;
    }

    private void FinishRead(ReadScope scope)
    {
        HandOver(scope);
        scope.Flushes.FlushAll();
        scope.Reset();
    }

    private void OnOperatorRequest(string reason) => RequestClose(new CloseRequest(CloseCause.Operator, reason));

    /// <summary>Ends the session of a client whose access token was not renewed in time. Only those have it.</summary>
    private sealed class LoginExpiry(ProtocolSession session) : ITickable
    {
        private bool _hasEnded;

        public void Tick(long nowMs)
        {
            // The wall clock: that is what a token's end is given by.
            var now = session.Broker.Options.ConnectionTime.GetUtcNow().ToUnixTimeMilliseconds();
            if (_hasEnded || session.Opened.User is not { } user || !(user.ExpiresAtMs <= now)) return;
            _hasEnded = true;
            session.Broker.Audit.Write(
                AuditEvents.LoginExpired, user.Name, session.Transport, session.Opened.Host.Name);
            session.RequestClose(CloseRequest.LoginExpired);
        }
    }
}
