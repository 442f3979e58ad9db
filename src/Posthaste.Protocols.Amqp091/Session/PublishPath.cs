using System.Text;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Replies;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Amqp091.Format;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// From a publish in the receive buffer to the broker's batch: checks, route, and what becomes of messages that reach
/// no queue. Made for a connection when it publishes for the first time; the reader's alone. Allocates nothing for
/// ordinary messages.
/// </summary>
internal sealed class PublishPath
{
    private readonly AmqpConnection _connection;
    private readonly RouteCache _routes;
    private readonly PublishBatch _batch;
    private readonly int _messageBytesMax;

    public PublishPath(AmqpConnection connection)
    {
        _connection = connection;
        _routes = connection.Host.CreateRouteCache(connection.Opened);
        _batch = new PublishBatch(connection.Opened);
        _messageBytesMax = connection.Broker.Options.MessageBytesMax;
    }

    /// <summary>
    /// Hands over what was gathered; nothing in the receive buffer or the scratch is pointed to any more.
    /// </summary>
    public void Flush(ReadScope scope)
    {
        _batch.Flush(scope.Flushes);
    }

    /// <summary>Takes one message; its bytes are pinned until the end of the read.</summary>
    public WireError Publish(AmqpChannel channel, in PublishView publish, ReadScope scope)
    {
        _connection.NotePublish(publish.Body.Length);
        if (publish.Immediate)
            return new(ReplyCode.NotImplemented, "immediate=true", MethodId.BasicPublish);
        if (publish.Body.Length > _messageBytesMax)
            return TooLarge((ulong)publish.Body.Length, _messageBytesMax);
        if (!BasicPropertiesReader.TryRead(publish.Properties, out var properties))
            return WireError.MalformedContentHeader(MethodId.BasicPublish);

        var inspected = default(InspectedProperties);
        if (InspectedProperties.IsNeeded(properties))
        {
            var error = InspectedProperties.Inspect(properties, channel, out inspected);
            if (error.Code != 0)
                return error;
        }

        var status = inspected.ExtraKeys is { } extraKeys
            ? _routes.Resolve(
                publish.Exchange, publish.RoutingKey, extraKeys, HeaderLookup.Of(properties), out var route)
            : _routes.Resolve(publish.Exchange, publish.RoutingKey, out route);
        if (status == RouteStatus.NeedsHeaders)
            status = _routes.Resolve(publish.Exchange, publish.RoutingKey, [], HeaderLookup.Of(properties), out route);
        if (status != RouteStatus.Found)
            return NoRoute(status, publish.Exchange);

        channel.CountPublish();
        var encoded = inspected.IsEdited ? inspected.Encoded(route.IsDelayed, scope) : publish.Properties;
        if (route.IsEmpty)
        {
            _batch.CountUnroutable(route);
            if (_batch.IsTapped)
                Show(channel, publish, encoded, properties, route, scope);
            return PublishNowhere(channel, publish, encoded, properties, inspected.ExtraKeys, scope);
        }

        return Add(channel, publish, encoded, properties, inspected.TtlMs, route, scope);
    }

    public static WireError TooLarge(ulong bytes, int bytesMax) => new(
        ReplyCode.PreconditionFailed, $"message size {bytes} is larger than configured max size {bytesMax}",
        MethodId.BasicPublish);

    private WireError Add(
        AmqpChannel channel, in PublishView publish, ReadOnlySpan<byte> encoded, in BasicPropertiesReader properties,
        long? ttlMs, Route route, ReadScope scope)
    {
        OutgoingPublish local = default;
        ref var message = ref local;
        if (channel.Transaction is null)
            message = ref _batch.Add();
        Fill(ref message, channel, publish, encoded, properties, route);
        message.Source = channel.Confirms;
        message.Seq = channel.Confirms?.Next() ?? 0;
        message.TtlMs = ttlMs ?? -1;
        if (channel.Transaction is { } transaction)
            return AddToTransaction(transaction, message);
        if (_batch.IsFull)
            Flush(scope);
        return default;
    }

    private static unsafe void Fill(
        ref OutgoingPublish message, AmqpChannel channel, in PublishView publish, ReadOnlySpan<byte> encoded,
        in BasicPropertiesReader properties, Route route)
    {
        message.Route = route;
        message.Channel = channel.Number;
        message.Format = PropertyFormat.Amqp091;
        message.Flags = properties.IsPersistent ? MessageFlags.Persistent : MessageFlags.None;
        message.Priority = properties.Priority;
        message.Properties = ReadScope.AddressOf(encoded);
        message.PropertiesLength = encoded.Length;
        message.Body = ReadScope.AddressOf(publish.Body);
        message.BodyLength = publish.Body.Length;
    }

    /// <summary>Shows a message that no queue gets to those who watch.</summary>
    private void Show(
        AmqpChannel channel, in PublishView publish, ReadOnlySpan<byte> encoded, in BasicPropertiesReader properties,
        Route route, ReadScope scope)
    {
        var message = new OutgoingPublish { TtlMs = -1 };
        Fill(ref message, channel, publish, encoded, properties, route);
        _batch.ShowUnroutable(ref message, scope.Flushes);
    }

    private static WireError AddToTransaction(ChannelTransaction transaction, in OutgoingPublish message)
    {
        if (transaction.WouldOverflow(message.PropertiesLength + message.BodyLength))
            return TransactionTooLarge();
        transaction.Publish(message);
        return default;
    }

    /// <summary>No queue matched: a direct reply, a mandatory message to return, or one that is dropped.</summary>
    private WireError PublishNowhere(
        AmqpChannel channel, in PublishView publish, ReadOnlySpan<byte> encoded, in BasicPropertiesReader properties,
        IReadOnlyList<byte[]>? extraKeys, ReadScope scope)
    {
        var isReply = false;
        if (publish.Exchange.IsEmpty)
        {
            if (channel.Transaction is { } transaction
                && transaction.WouldOverflow(publish.Body.Length + encoded.Length))
            {
                return TransactionTooLarge();
            }

            isReply = TryReply(channel, publish.RoutingKey, publish, encoded, properties, scope);
            foreach (var key in extraKeys ?? [])
                isReply |= TryReply(channel, key, publish, encoded, properties, scope);
        }

        if (!isReply)
            channel.CountUnroutable(isReturned: publish.Mandatory);
        if (!isReply && publish.Mandatory)
        {
            if (channel.Transaction is null)
                channel.Return(publish);
            else if (!channel.Transaction.TryReturn(
                channel.Number, publish, channel.Output.FrameBytesMax, _connection.Limits.TransactionReturnBytesMax))
                return TransactionTooLarge();
        }

        scope.Flushes.Add(channel.Output);
        if (channel.Confirms is { } confirms)
        {
            var seq = confirms.Next();
            confirms.Report(seq, seq, accepted: true, scope.Flushes);
        }

        return default;
    }

    /// <summary>Reaches the requester at once, or with the commit.</summary>
    private bool TryReply(
        AmqpChannel channel, ReadOnlySpan<byte> name, in PublishView publish, ReadOnlySpan<byte> encoded,
        in BasicPropertiesReader properties, ReadScope scope)
    {
        if (!DirectReplies.IsReplyName(name))
            return false;
        var flags = properties.IsPersistent ? MessageFlags.Persistent : MessageFlags.None;
        var message = new MessageView(
            PropertyFormat.Amqp091, flags, _connection.Broker.NowMs, publish.Exchange, publish.RoutingKey, encoded,
            publish.Body);
        return channel.Transaction is { } transaction
            ? transaction.TryReply(name, message)
            : _connection.Broker.Replies.TryDeliver(name, message, scope.Flushes);
    }

    private WireError NoRoute(RouteStatus status, ReadOnlySpan<byte> exchange)
    {
        if (status == RouteStatus.AccessRefused)
            return new(ReplyCode.AccessRefused, _routes.Refusal!.Text, MethodId.BasicPublish);
        var name = $"exchange '{Encoding.UTF8.GetString(exchange)}' in vhost '{_connection.Host.Name}'";
        return status == RouteStatus.NoExchange
            ? new(ReplyCode.NotFound, $"no {name}", MethodId.BasicPublish)
            : new(ReplyCode.AccessRefused, $"cannot publish to internal {name}", MethodId.BasicPublish);
    }

    private static WireError TransactionTooLarge() => new(
        ReplyCode.PreconditionFailed, "the transaction holds more than the broker keeps in memory for one",
        MethodId.BasicPublish);
}
