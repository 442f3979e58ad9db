using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Catalog;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// One channel: what its frames mean. The connection's reader alone calls it; what other threads touch (deliveries,
/// confirms, deferred replies, the table of consumers) is guarded by the output's gate.
/// </summary>
/// <remarks>
/// A channel error ends the channel at once: consumers are cancelled, unsettled deliveries go back, channel.close is
/// sent, and everything but close and close-ok is ignored until the client has answered.
/// </remarks>
internal sealed partial class AmqpChannel : BrokerChannel
{
    private readonly AmqpConnection _connection;
    private readonly AmqpOutput _output;
    private bool _isClosing;
    private long _overdueTimeoutMs;
    private string _lastQueue = "";

    public AmqpChannel(AmqpConnection connection, ushort number)
        : base(connection.Opened, number)
    {
        _connection = connection;
        _output = connection.Output;
        Replies = new ChannelReplies(connection, number);
        Deliveries = new ChannelDeliveries(
            _output, connection.Broker.Formats, number, connection.Limits.UnackedPerChannelMax);
    }

    public ChannelReplies Replies { get; }

    public ChannelDeliveries Deliveries { get; }

    /// <summary>Nothing but the client's close-ok is waited for.</summary>
    public bool IsClosing => _isClosing;

    /// <summary>
    /// The time that a client had for a delivery which it has not acknowledged in time; 0 while there is none.
    /// </summary>
    public long OverdueTimeoutMs
    {
        get => Volatile.Read(ref _overdueTimeoutMs);
        set => Volatile.Write(ref _overdueTimeoutMs, value);
    }

    /// <summary>Whether a request has to be answered before the next can be taken.</summary>
    public bool IsAwaitingReply => !Replies.IsEmpty || _get is { IsAnswered: false };

    private VirtualHost Host => _connection.Host;

    /// <summary>Takes one frame. An error is for the connection to act upon.</summary>
    public WireError Handle(in Frame frame, ReadScope scope)
    {
        if (_isClosing)
        {
            HandleWhileClosing(frame);
            return default;
        }

        switch (frame.Type)
        {
            case FrameType.Method when _content is { IsCollecting: true } content:
                return content.Unexpected();
            case FrameType.Method:
                return HandleMethod(frame, scope);
            case FrameType.Header:
                return HandleContentHeader(frame, scope);
            default:
                return HandleContentBody(frame, scope);
        }
    }

    /// <summary>
    /// Ends it for an error of the client: nothing more is delivered, everything unsettled goes back.
    /// </summary>
    public void Fail(in WireError error, ReadScope scope)
    {
        End(scope);
        _isClosing = true;
        Span<byte> text = stackalloc byte[ShortStrings.BytesMax];
        Replies.Send(new ChannelClose
        {
            ReplyCode = (ushort)error.Code,
            ReplyText = ReplyTexts.Fit(error.ReplyText, text),
            FailedClass = error.Method.ClassNumber(),
            FailedMethod = error.Method.MethodNumber(),
        });
    }

    /// <summary>
    /// Cancels consumers, returns unsettled deliveries, forgets transaction and confirms. However it ends, who held a
    /// message has gone without having dealt with it: that is a failed delivery, as RabbitMQ counts it, unless it was
    /// the broker that lost patience.
    /// </summary>
    public void End(ReadScope scope)
    {
        if (_isClosing)
            return;
        _content?.Abandon();
        Confirms?.Close();
        _transaction?.Rollback(this);
        CancelAll(scope.Flushes);
        var taken = scope.LendTaken();
        Deliveries.End(taken);
        var settlement = OverdueTimeoutMs > 0 ? Settlement.Requeue : Settlement.RequeueFailed;
        foreach (var delivery in taken)
            scope.Settlements.Add(delivery, settlement, scope.Flushes);
        scope.Settlements.Flush(scope.Flushes);
        EndMeter();
    }

    private void HandleWhileClosing(in Frame frame)
    {
        if (frame.Method == MethodId.ChannelCloseOk && frame.Type == FrameType.Method)
            _connection.Remove(this);
        else if (frame.Method == MethodId.ChannelClose && frame.Type == FrameType.Method)
            Reply(default(ChannelCloseOk));
    }

    private WireError HandleMethod(in Frame frame, ReadScope scope)
    {
        var payload = frame.Payload;
        switch (frame.Method)
        {
            case MethodId.BasicPublish:
                return BasicPublish.TryRead(payload, out var publish) ? BeginContent(publish) : Malformed(frame.Method);
            case MethodId.BasicAck:
                return BasicAck.TryRead(payload, out var ack) ? Handle(ack, scope) : Malformed(frame.Method);
            case MethodId.BasicNack:
                return BasicNack.TryRead(payload, out var nack) ? Handle(nack, scope) : Malformed(frame.Method);
            case MethodId.BasicReject:
                return BasicReject.TryRead(payload, out var reject) ? Handle(reject, scope) : Malformed(frame.Method);
            default:
                // Everything else sees the effects of what came before it in the same read.
                _connection.HandOverAll(scope);
                return HandleRequest(frame.Method, payload, scope);
        }
    }

    private WireError HandleRequest(MethodId method, ReadOnlySpan<byte> payload, ReadScope scope) =>
        method.ClassNumber() switch
        {
            (ushort)((uint)MethodId.ChannelOpen >> 16) => HandleChannel(method, payload, scope),
            (ushort)((uint)MethodId.AccessRequest >> 16) => HandleAccess(method, payload),
            (ushort)((uint)MethodId.ExchangeDeclare >> 16) => HandleExchange(method, payload),
            (ushort)((uint)MethodId.QueueDeclare >> 16) => HandleQueue(method, payload, scope),
            MethodIds.BasicClass => HandleBasic(method, payload, scope),
            (ushort)((uint)MethodId.ConfirmSelect >> 16) => HandleConfirm(method, payload),
            (ushort)((uint)MethodId.TxSelect >> 16) => HandleTx(method, payload, scope),
            _ => Unknown(method),
        };

    private WireError HandleChannel(MethodId method, ReadOnlySpan<byte> payload, ReadScope scope)
    {
        switch (method)
        {
            case MethodId.ChannelOpen:
                return new(ReplyCode.ChannelError, "second 'channel.open' seen", method);
            case MethodId.ChannelFlow:
                return ChannelFlow.TryRead(payload, out var flow) ? Handle(flow, scope) : Malformed(method);
            case MethodId.ChannelFlowOk:
                return default;
            case MethodId.ChannelClose when ChannelClose.TryRead(payload, out _):
                End(scope);
                Reply(default(ChannelCloseOk));
                _isClosing = true;
                _connection.Remove(this);
                return default;
            case MethodId.ChannelClose:
                return Malformed(method);
            default:
                return Unknown(method);
        }
    }

    private WireError Handle(in ChannelFlow flow, ReadScope scope)
    {
        Deliveries.SetActive(flow.Active, scope.Resumed);
        Reply(new ChannelFlowOk { Active = flow.Active });
        return default;
    }

    // Access tickets were dropped from the protocol; clients of AMQP 0-8 ancestry still ask for one.
    private WireError HandleAccess(MethodId method, ReadOnlySpan<byte> payload)
    {
        if (method != MethodId.AccessRequest)
            return Unknown(method);
        if (!AccessRequest.TryRead(payload, out _))
            return Malformed(method);
        Reply(new AccessRequestOk { Ticket = 1 });
        return default;
    }

    private void Reply<TMethod>(in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        Replies.Send(method);
        _output.Flush();
    }

    /// <summary>
    /// Answers a command that has been done in memory; if it is a durable fact, once that is on disk.
    /// </summary>
    private WireError Answer<TMethod>(CatalogResult result, MethodId method, bool noWait, in TMethod reply)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        if (result.Error is { } error)
            return ToWire(error, method);
        if (noWait)
            return default;
        if (result.IsJournaled)
            _connection.Broker.Pipeline.Post(Replies.Defer(reply));
        else
            Reply(reply);
        return default;
    }

    private static WireError ToWire(CatalogError error, MethodId method) => new(
        error.Code switch
        {
            CatalogErrorCode.NotFound => ReplyCode.NotFound,
            CatalogErrorCode.PreconditionFailed => ReplyCode.PreconditionFailed,
            CatalogErrorCode.ResourceLocked => ReplyCode.ResourceLocked,
            CatalogErrorCode.AccessRefused => ReplyCode.AccessRefused,
            CatalogErrorCode.NotImplemented => ReplyCode.NotImplemented,
            _ => throw new ArgumentOutOfRangeException(nameof(error), error.Code, "not a catalog error"),
        },
        error.Text,
        method);

    private static string TextOf(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    private static FieldTable Arguments(ReadOnlySpan<byte> content) => new FieldTableReader(content).ToTable();

    private static WireError Malformed(MethodId method) => WireError.MalformedMethod(method);

    private static WireError Unknown(MethodId method) => Enum.IsDefined(method)
        ? new(ReplyCode.CommandInvalid, $"unexpected method {method.WireName()}", method)
        : WireError.UnknownMethod(method.ClassNumber(), method.MethodNumber());

    private static WireError Precondition(string text, MethodId method) =>
        new(ReplyCode.PreconditionFailed, text, method);
}
