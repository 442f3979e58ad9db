using System.Text;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Replies;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Stomp.Format;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>
/// From a SEND in the receive buffer to the broker's batch. The reader's alone. Allocates nothing for ordinary
/// messages.
/// </summary>
internal sealed class SendPath
{
    private readonly StompSession _session;
    private readonly RouteCache _routes;
    private readonly PublishBatch _batch;
    private readonly DestinationCache _destinations = new();

    public SendPath(StompSession session)
    {
        _session = session;
        _routes = session.Host.CreateRouteCache(session.Connection.Opened);
        _batch = new PublishBatch(session.Connection.Opened);
    }

    /// <summary>Messages that have come.</summary>
    public long Count { get; private set; }

    /// <summary>Messages that went nowhere.</summary>
    public long DroppedCount { get; private set; }

    /// <summary>Messages for which a receipt was asked, outside of transactions.</summary>
    public long ReceiptCount { get; private set; }

    /// <summary>
    /// Hands over what was gathered; nothing in the receive buffer or the scratch is pointed to any more.
    /// </summary>
    public void Flush(ReadScope scope)
    {
        _batch.Flush(scope.Flushes);
    }

    /// <summary>Takes one message; its bytes are pinned until the end of the read.</summary>
    public StompError Send(scoped in StompFrame frame, StompTransaction? transaction, ReadScope scope)
    {
        if (!frame.Has(KnownHeader.Destination))
            return new("Missing destination", "SEND must include a 'destination' header");
        if (frame.Has(KnownHeader.MessageId))
            return new("Invalid header", "'message-id' is not allowed on 'SEND'.");
        var error = _destinations.Resolve(frame, out var known);
        if (error.IsError)
            return error;
        error = SendProperties.Read(frame, _session.Connection.User, out var properties);
        if (error.IsError)
            return error;
        if (frame.Has(KnownHeader.ReplyTo))
        {
            error = _session.ResolveReplyTo(frame, scope, out var replyTo);
            if (error.IsError)
                return error;
            properties.ReplyTo = replyTo;
        }

        error = FindRoute(frame, known, properties.DelayMs, out var route);
        if (error.IsError)
            return error;
        Count++;
        var headers = StoredHeaders.Of(frame, properties.ReplyTo, scope);
        if (!route.IsEmpty)
            return Add(frame, properties, headers, route, transaction, scope);
        _batch.CountUnroutable(route);
        if (_batch.IsTapped)
            Show(frame, properties, headers, route, scope);
        return SendNowhere(frame, known.Destination, properties, headers, transaction, scope);
    }

    private StompError FindRoute(
        scoped in StompFrame frame, KnownDestination known, long delayMs, out Route route)
    {
        route = null!;
        var destination = known.Destination;
        if (destination.Kind == DestinationKind.TemporaryQueue)
        {
            return new(
                "Invalid destination",
                $"'{Encoding.UTF8.GetString(known.Text)}' is not a valid destination for 'SEND'");
        }

        if (destination.Kind == DestinationKind.Queue && !known.IsDeclared)
        {
            var error = _session.Declare(frame, destination, out _);
            if (error.IsError)
                return error;
            known.IsDeclared = true;
        }

        if (delayMs > 0)
            return FindDelayed(destination, delayMs, out route);
        var status = Resolve(frame, destination, out route);
        if (status == RouteStatus.Found && route.IsEmpty && destination.Kind == DestinationKind.Queue)
        {
            // Somebody has deleted it since.
            var error = _session.Declare(frame, destination, out _);
            if (error.IsError)
                return error;
            status = Resolve(frame, destination, out route);
        }

        return status == RouteStatus.Found ? default : NoRoute(status, destination.Exchange);
    }

    /// <summary>It goes nowhere before it is due; a queue that is to be there is declared now.</summary>
    private StompError FindDelayed(Destination destination, long delayMs, out Route route)
    {
        route = null!;
        if (destination.Exchange.Length == 0 && DirectReplies.IsReplyName(destination.Key))
            return new("Invalid header", $"{KnownHeader.ScheduledDelay.WireName()}: replies cannot be delayed");
        var status = _routes.ResolveDelayed(destination.Exchange, destination.Key, delayMs, out route);
        return status == RouteStatus.Found ? default : NoRoute(status, destination.Exchange);
    }

    private RouteStatus Resolve(scoped in StompFrame frame, Destination destination, out Route route)
    {
        var status = _routes.Resolve(destination.Exchange, destination.Key, out route);
        return status == RouteStatus.NeedsHeaders
            ? _routes.Resolve(destination.Exchange, destination.Key, [], HeaderLookup.Of(frame), out route)
            : status;
    }

    private StompError Add(
        scoped in StompFrame frame, in SendProperties properties, ReadOnlySpan<byte> headers, Route route,
        StompTransaction? transaction, ReadScope scope)
    {
        OutgoingPublish local = default;
        ref var message = ref local;
        if (transaction is null)
            message = ref _batch.Add();
        Fill(ref message, frame, properties, headers, route);
        if (transaction is not null)
        {
            transaction.Publish(message);
            _session.ReceiptAtOnce(frame, scope);
            return default;
        }

        if (frame.Has(KnownHeader.Receipt))
        {
            ReceiptCount++;
            message.Source = _session.Receipts;
            message.Seq = _session.Receipts.Expect(frame.Raw(KnownHeader.Receipt));
        }

        if (_batch.IsFull)
            Flush(scope);
        return default;
    }

    private static unsafe void Fill(
        ref OutgoingPublish message, scoped in StompFrame frame, in SendProperties properties,
        ReadOnlySpan<byte> headers, Route route)
    {
        message.Route = route;
        message.Source = null;
        message.Seq = 0;
        message.Channel = 0;
        message.Format = PropertyFormat.Stomp;
        message.Flags = properties.Flags;
        message.Priority = properties.Priority;
        message.TtlMs = properties.TtlMs;
        message.Properties = ReadScope.AddressOf(headers);
        message.PropertiesLength = headers.Length;
        message.Body = ReadScope.AddressOf(frame.Body);
        message.BodyLength = frame.Body.Length;
    }

    /// <summary>Shows a message that no queue gets to those who watch.</summary>
    private void Show(
        scoped in StompFrame frame, in SendProperties properties, ReadOnlySpan<byte> headers, Route route,
        ReadScope scope)
    {
        OutgoingPublish message = default;
        Fill(ref message, frame, properties, headers, route);
        _batch.ShowUnroutable(ref message, scope.Flushes);
    }

    /// <summary>No queue matched: a direct reply, or a message that is dropped.</summary>
    private StompError SendNowhere(
        scoped in StompFrame frame, Destination destination, in SendProperties properties,
        ReadOnlySpan<byte> headers, StompTransaction? transaction, ReadScope scope)
    {
        var isReply = false;
        if (destination.Exchange.Length == 0 && DirectReplies.IsReplyName(destination.Key))
        {
            var message = new MessageView(
                PropertyFormat.Stomp, properties.Flags, _session.Broker.NowMs, destination.Exchange, destination.Key,
                headers, frame.Body);
            isReply = transaction is null
                ? _session.Broker.Replies.TryDeliver(destination.Key, message, scope.Flushes)
                : transaction.TryReply(destination.Key, message);
        }

        if (!isReply)
            DroppedCount++;

        _session.ReceiptAtOnce(frame, scope);
        return default;
    }

    private StompError NoRoute(RouteStatus status, ReadOnlySpan<byte> exchange)
    {
        if (status == RouteStatus.AccessRefused)
            return new("access_refused", _routes.Refusal!.Text);
        var name = $"exchange '{Encoding.UTF8.GetString(exchange)}' in vhost '{_session.Host.Name}'";
        return status == RouteStatus.NoExchange
            ? new("not_found", $"no {name}")
            : new("access_refused", $"cannot publish to internal {name}");
    }
}
