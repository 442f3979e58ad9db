using System.Text;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>Why the reader leaves bytes unread.</summary>
internal enum Stall
{
    None,

    /// <summary>A resource is short and the client publishes.</summary>
    Alarm,

    /// <summary>More was published than is synced.</summary>
    Congestion,

    /// <summary>The client sends requests but does not read the answers.</summary>
    Output,

    /// <summary>A request has to be answered before the next one can be.</summary>
    Reply,
}

/// <summary>Back-pressure: while there is a reason to wait, the socket is not read.</summary>
internal sealed partial class AmqpConnection
{
    private Stall _stall;
    private AmqpChannel? _awaited;
    private bool _hasPublished;
    private volatile bool _isBlocked;

    /// <summary>The frames behind the current one wait until the channel has been answered.</summary>
    internal void StallFor(AmqpChannel channel)
    {
        _stall = Stall.Reply;
        _awaited = channel;
    }

    /// <summary>A message came; with an alarm raised, it is the last one that is read.</summary>
    internal void NotePublish() => _hasPublished = true;

    private void NoteStalls()
    {
        if (_stall != Stall.None || _state != ConnectionState.Running)
            return;
        if (_hasPublished && Broker.Alarms.PublishersBlocked)
            _stall = Stall.Alarm;
        else if (_hasPublished && Broker.Pipeline.IsCongested)
            _stall = Stall.Congestion;
        else if (Output.IsOverfull)
            _stall = Stall.Output;
        _hasPublished = false;
    }

    private async ValueTask WaitAsync()
    {
        switch (_stall)
        {
            case Stall.Alarm:
                await WaitForAlarmAsync().ConfigureAwait(false);
                break;
            case Stall.Congestion:
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
        AmqpLog.Blocked(_handler.Log, Peer, reason);
        if (_capabilities.ConnectionBlocked)
            Output.SendNow(0, new ConnectionBlocked { Reason = Encoding.UTF8.GetBytes(reason) });
        _isBlocked = true;
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

        if (_capabilities.ConnectionBlocked && !Output.IsDead)
            Output.SendNow(0, default(ConnectionUnblocked));
        AmqpLog.Unblocked(_handler.Log, Peer);
    }

    private async ValueTask WaitUntilWokenAsync()
    {
        while (true)
        {
            // Set before the look: whoever changes what is looked at wakes afterwards.
            var wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _wake, wake);
            if (!MustWait())
                return;
            await wake.Task.ConfigureAwait(false);
        }
    }

    private bool MustWait() => !Output.IsDead && _closeRequest is null && _stall switch
    {
        Stall.Alarm => Broker.Alarms.PublishersBlocked,
        Stall.Output => Output.IsOverfull,
        Stall.Reply => _awaited!.IsAwaitingReply,
        _ => false,
    };
}
