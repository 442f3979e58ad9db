using Posthaste.Broker.Protocols;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>Where a connection is between its first byte and its last.</summary>
internal enum ConnectionState
{
    /// <summary>Nothing but CONNECT is taken.</summary>
    AwaitingConnect,

    Running,

    /// <summary>An ERROR is due as soon as the receipts before it are sent; nothing more is read.</summary>
    Failing,

    Closed,
}

/// <summary>
/// One STOMP connection: its bytes, its login, its errors. What the frames mean is for <see cref="StompSession"/>.
/// </summary>
internal sealed partial class StompConnection : ProtocolSession
{
    private readonly StompHandler _handler;
    private readonly FrameLimits _frameLimits;
    private ConnectionState _state;
    private StompVersion _version;
    private StompSession? _session;

    public StompConnection(StompHandler handler, ProtocolConnection transport)
        : base("STOMP", handler.Broker, transport, handler.Scopes, handler.Log)
    {
        _handler = handler;
        _frameLimits = handler.Options.Limits.ForFrames(handler.Broker.Options.MessageBytesMax);
        Output = new StompOutput(transport.Transport.Output, Wake);
    }

    public override StompOutput Output { get; }

    public StompLimits Limits => _handler.Options.Limits;

    protected override bool HasEnded => _state == ConnectionState.Closed;

    protected override bool IsRunning => _state == ConnectionState.Running;

    protected override int DrainMsMax => Limits.CloseMsMax;

    protected override bool MustLinger => _hasSentError;

    protected override bool MustHold => AwaitsReceipts;

    private bool AwaitsReceipts => _session is { Receipts.IsIdle: false } && !Output.IsDead;

    /// <summary>What came on the connection takes effect before what comes next.</summary>
    internal void HandOverAll(ReadScope scope) => HandOver(scope);

    protected override void HandOver(ReadScope scope)
    {
        _session?.FlushSends(scope);
        scope.HandOver();
    }

    protected override bool OnEndOfInput() => _state == ConnectionState.Failing;

    protected override void OnEnded()
    {
        _state = ConnectionState.Closed;
        _body?.Abandon();
    }

    protected override void ReturnHeld(ReadScope scope) => _session?.End(scope);
}
