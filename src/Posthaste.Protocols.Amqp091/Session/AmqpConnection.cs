using System.IO.Pipelines;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Security;
using Posthaste.Broker.Sessions;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>Where a connection is between its first byte and its last.</summary>
internal enum ConnectionState
{
    AwaitingHeader,
    Starting,
    Tuning,
    Opening,
    Running,

    /// <summary>connection.close is sent; nothing but close and close-ok is heard.</summary>
    Closing,

    /// <summary>The byte stream cannot be read as frames any more: what still comes is thrown away.</summary>
    Draining,

    Closed,
}

/// <summary>
/// One AMQP 0-9-1 connection, from accept to end.
/// </summary>
/// <remarks>
/// <para>
/// One reader at a time runs the loop: it takes every whole frame of what has arrived, hands publishes and settlements
/// to the broker in batches, and flushes every touched output once. Deliveries and confirms come on other threads and
/// meet it only in <see cref="AmqpOutput"/>, under its gate. Calls from outside (close, wake) leave a note and wake the
/// reader.
/// </para>
/// <para>
/// Memory: an idle connection holds this object, its output and its channels. Buffers are the transport's, or lent
/// (<see cref="ReadScope"/>) while a read is worked through. Nothing that a peer does throws out of
/// <see cref="RunAsync"/>.
/// </para>
/// </remarks>
internal sealed partial class AmqpConnection : ITickable
{
    private readonly Amqp091Handler _handler;
    private readonly ProtocolConnection _transport;
    private readonly PipeReader _input;
    private ConnectionState _state;
    private BrokerConnection? _broker;
    private AmqpChannel?[] _channels = [];
    private PublishPath? _publishPath;
    private ClientCapabilities _capabilities;
    private TaskCompletionSource? _wake;
    private volatile CloseRequest? _closeRequest;
    private int _channelMax;

    public AmqpConnection(Amqp091Handler handler, ProtocolConnection transport)
    {
        _handler = handler;
        _transport = transport;
        _input = transport.Transport.Input;
        _channelMax = handler.Limits.ChannelMax;
        Output = new AmqpOutput(transport.Transport.Output, Wake)
        {
            FrameBytesMax = handler.Limits.InitialFrameBytesMax,
        };
    }

    public AmqpOutput Output { get; }

    public Amqp091Limits Limits => _handler.Limits;

    public MessageBroker Broker => _handler.Broker;

    /// <summary>The broker's side of it, once connection.open has come.</summary>
    public BrokerConnection Open => _broker!;

    public VirtualHost Host => _broker!.Host;

    public BrokerUser User { get; private set; } = null!;

    public ClientCapabilities Capabilities => _capabilities;

    /// <summary>The path of publishes, made by the first one.</summary>
    public PublishPath PublishPath => _publishPath ??= new PublishPath(this);

    internal void NoteReplyDropped() => AmqpLog.ReplyDropped(_handler.Log, Peer);

    private string Peer => _transport.RemoteEndPoint?.ToString() ?? "in-process";

    /// <summary>Serves the connection until it ends. Does not throw for what the peer or the transport does.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var onStopping = stopping.UnsafeRegister(
            static connection => ((AmqpConnection)connection!).RequestClose(ShutdownError), this);
        using var ticks = Broker.Ticker.Register(this);
        try
        {
            await ReadAsync().ConfigureAwait(false);
            var limit = TimeSpan.FromMilliseconds(Limits.CloseMsMax);
            await Output.WhenDrained()
                .WaitAsync(limit, Broker.Options.ConnectionTime, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or TimeoutException)
        {
            AmqpLog.Abandoned(_handler.Log, Peer);
        }
#pragma warning disable CA1031 // The boundary of a connection: a defect ends this one and is logged; the others go on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            AmqpLog.Defect(_handler.Log, Peer, e);
        }
        finally
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Lets the reader look again at what it waits for. Any thread, but not under a queue's strand.</summary>
    public void Wake() => Interlocked.Exchange(ref _wake, null)?.TrySetResult();

    private async Task ReadAsync()
    {
        while (true)
        {
            var result = await _input.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            var buffer = result.Buffer;
            var consumed = Process(buffer);

            // Stopped before the end: the rest is to be looked at again at once. Otherwise all was examined, and the
            // next read completes only when there is more.
            var hasStopped = _stall != Stall.None;
            _input.AdvanceTo(consumed, hasStopped ? consumed : buffer.End);
            if (_state == ConnectionState.Closed)
                return;
            if (hasStopped)
                await WaitAsync().ConfigureAwait(false);
            else if (result.IsCompleted)
            {
                NoteEndOfInput();
                return;
            }
        }
    }

    private void NoteEndOfInput()
    {
        if (_state is ConnectionState.Closing or ConnectionState.Draining)
            return;
        AmqpLog.Abandoned(_handler.Log, Peer);
    }

    /// <summary>Returns what the connection holds to the broker, whatever ended it.</summary>
    private async Task EndAsync()
    {
        _state = ConnectionState.Closed;
        Output.Kill();
        EndChannels();
        if (_broker is { } broker)
        {
            broker.CloseRequested -= OnCloseRequested;
            broker.Dispose();
        }

        try
        {
            await _input.CompleteAsync().ConfigureAwait(false);
            await _transport.Transport.Output.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The transport was cut under a flush that had not ended: there is nobody left to tell.
            AmqpLog.Cut(_handler.Log, Peer, e.Message);
        }
    }

    private void EndChannels()
    {
        var scope = _handler.Scopes.Rent();
        foreach (var channel in _channels)
            channel?.End(scope);
        FinishRead(scope);
        _channels = [];
        _handler.Scopes.Return(scope);
    }
}
