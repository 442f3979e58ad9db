using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>Where a connection is between its first byte and its last.</summary>
internal enum ConnectionState
{
    AwaitingHeader,
    Starting,

    /// <summary>A challenge of the SASL mechanism is sent.</summary>
    Securing,
    Tuning,
    Opening,
    Running,

    /// <summary>connection.close is sent; nothing but close and close-ok is heard.</summary>
    Closing,

    Closed,
}

/// <summary>
/// One AMQP 0-9-1 connection: its handshake, its channels, its errors.
/// </summary>
internal sealed partial class AmqpConnection : ProtocolSession
{
    private readonly Amqp091Handler _handler;
    private ConnectionState _state;
    private AmqpChannel?[] _channels = [];
    private AmqpChannel? _awaited;
    private PublishPath? _publishPath;
    private ClientCapabilities _capabilities;
    private int _channelMax;

    public AmqpConnection(Amqp091Handler handler, ProtocolConnection transport)
        : base("AMQP", handler.Broker, transport, handler.Scopes, handler.Log)
    {
        _handler = handler;
        _channelMax = handler.Limits.ChannelMax;
        Output = new AmqpOutput(transport.Transport.Output, Wake)
        {
            FrameBytesMax = handler.Limits.InitialFrameBytesMax,
        };
    }

    public override AmqpOutput Output { get; }

    public Amqp091Limits Limits => _handler.Limits;

    public VirtualHost Host => Opened.Host;

    public BrokerUser User { get; private set; } = null!;

    public ClientCapabilities Capabilities => _capabilities;

    /// <summary>The path of publishes, made by the first one.</summary>
    public PublishPath PublishPath => _publishPath ??= new PublishPath(this);

    protected override bool HasEnded => _state == ConnectionState.Closed;

    protected override bool IsRunning => _state == ConnectionState.Running;

    protected override int DrainMsMax => Limits.CloseMsMax;

    protected override bool MustLinger => _mustLinger;

    protected override bool MustHold => _awaited!.IsAwaitingReply;

    internal void NoteReplyDropped() => AmqpLog.ReplyDropped(Log, Peer);

    /// <summary>The frames behind the current one wait until the channel has been answered.</summary>
    internal void HoldFor(AmqpChannel channel)
    {
        _awaited = channel;
        HoldReader();
    }

    /// <summary>What came on the connection takes effect before what comes next.</summary>
    internal void HandOverAll(ReadScope scope) => HandOver(scope);

    protected override void HandOver(ReadScope scope)
    {
        _publishPath?.Flush(scope);
        scope.HandOver();
    }

    protected override bool OnEndOfInput() => _state == ConnectionState.Closing;

    protected override void OnEnded() => _state = ConnectionState.Closed;

    protected override void ReturnHeld(ReadScope scope)
    {
        foreach (var channel in _channels)
            channel?.End(scope);
        _channels = [];
    }

    protected override void OnBlocked(string reason)
    {
        if (_capabilities.ConnectionBlocked)
            Output.SendNow(0, new ConnectionBlocked { Reason = Encoding.UTF8.GetBytes(reason) });
    }

    protected override void OnUnblocked()
    {
        if (_capabilities.ConnectionBlocked)
            Output.SendNow(0, default(ConnectionUnblocked));
    }
}
