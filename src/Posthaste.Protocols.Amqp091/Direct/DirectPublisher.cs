using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Publishing;
using Posthaste.Core.Messages;
using Posthaste.Core.Routing;
using Posthaste.Protocols.Amqp091.Format;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Protocols.Amqp091.Direct;

/// <summary>What became of a message that was published without a connection.</summary>
public enum DirectOutcome
{
    /// <summary>In every queue that it was routed to, and synced where it must be.</summary>
    Accepted,

    /// <summary>No queue matched.</summary>
    Unroutable,

    /// <summary>A queue or the journal did not take it.</summary>
    Refused,
}

/// <summary>
/// Publishes single AMQP messages without a connection, as an operator's tool does: with the permissions of its user,
/// confirmed. Not made for speed. Any thread.
/// </summary>
public static class DirectPublisher
{
    /// <param name="host">The virtual host.</param>
    /// <param name="by">Whose permissions count.</param>
    /// <param name="exchange">Empty for the default exchange.</param>
    /// <param name="routingKey">The key.</param>
    /// <param name="properties">As a client would send them; `CC` and `BCC` in the headers add keys.</param>
    /// <param name="body">Copied.</param>
    /// <exception cref="DirectPublishException">The message is not acceptable, or may not be published.</exception>
    public static Task<DirectOutcome> PublishAsync(
        VirtualHost host, BrokerConnection by, string exchange, string routingKey, BasicProperties properties,
        ReadOnlySpan<byte> body)
    {
        if (body.Length > host.Broker.Options.MessageBytesMax)
        {
            throw new DirectPublishException(
                $"message size {body.Length} is larger than configured max size {host.Broker.Options.MessageBytesMax}");
        }

        if (properties.UserId is { } claimed && claimed != by.User.Name && !by.User.MayImpersonate)
        {
            throw new DirectPublishException(
                $"user_id property set to '{claimed}' but authenticated user was '{by.User.Name}'");
        }

        long? ttlMs = null;
        if (properties.Expiration is { } expiration)
        {
            if (!uint.TryParse(expiration, out var parsed))
                throw new DirectPublishException($"invalid expiration '{expiration}': no_integer");
            ttlMs = parsed;
        }

        return Publish(host, by, exchange, routingKey, properties, ttlMs, body);
    }

    /// <summary>What of a message's properties decides where it goes.</summary>
    /// <exception cref="DirectPublishException">The message is not acceptable.</exception>
    public static DirectRouting RoutingOf(BasicProperties properties)
    {
        BasicPropertiesReader.TryRead(Encode(properties), out var reader);
        var unacceptable = RoutingHeaders.Read(reader.Headers, out var extraKeys, out _);
        return unacceptable is null
            ? new DirectRouting(extraKeys ?? [], HeaderLookup.Of(reader))
            : throw new DirectPublishException($"invalid message: {unacceptable}");
    }

    private static Task<DirectOutcome> Publish(
        VirtualHost host, BrokerConnection by, string exchange, string routingKey, BasicProperties properties,
        long? ttlMs, ReadOnlySpan<byte> body)
    {
        var encoded = Encode(properties);
        BasicPropertiesReader.TryRead(encoded, out var reader);
        var unacceptable = RoutingHeaders.Read(reader.Headers, out var extraKeys, out var withoutBcc);
        if (unacceptable is not null) throw new DirectPublishException($"invalid message: {unacceptable}");
        var route = Resolve(host, by, exchange, routingKey, extraKeys ?? [], HeaderLookup.Of(reader));
        if (withoutBcc is not null)
        {
            var edit = new BasicPropertiesEdit(reader);
            edit.SetHeaders(withoutBcc);
            var edited = new byte[edit.Bytes];
            edit.Write(edited);
            encoded = edited;
        }

        return route.IsEmpty
            ? Task.FromResult(DirectOutcome.Unroutable)
            : Send(by, route, encoded, properties, ttlMs, body);
    }

    private static byte[] Encode(BasicProperties properties)
    {
        try
        {
            return properties.Encode();
        }
        catch (ArgumentException e)
        {
            throw new DirectPublishException(e.Message);
        }
    }

    private static Route Resolve(
        VirtualHost host, BrokerConnection by, string exchange, string routingKey, IReadOnlyList<byte[]> extraKeys,
        HeaderLookup? headers)
    {
        var routes = host.CreateRouteCache(by);
        var status = routes.Resolve(
            Encoding.UTF8.GetBytes(exchange), Encoding.UTF8.GetBytes(routingKey), extraKeys, headers, out var route);
        return status switch
        {
            RouteStatus.Found => route,
            RouteStatus.AccessRefused => throw new DirectPublishException(routes.Refusal!.Text, isForbidden: true),
            RouteStatus.InternalExchange => throw new DirectPublishException(
                $"cannot publish to internal exchange '{exchange}' in vhost '{host.Name}'", isForbidden: true),
            _ => throw new DirectPublishException($"no exchange '{exchange}' in vhost '{host.Name}'"),
        };
    }

    private static unsafe Task<DirectOutcome> Send(
        BrokerConnection by, Route route, byte[] properties, BasicProperties decoded, long? ttlMs,
        ReadOnlySpan<byte> body)
    {
        var confirm = new Confirm();
        var batch = new PublishBatch(by);
        var flushes = new FlushSet();
        fixed (byte* propertiesAt = properties, bodyAt = body)
        {
            ref var message = ref batch.Add();
            message = default;
            message.Route = route;
            message.Source = confirm;
            message.Seq = 1;
            message.TtlMs = ttlMs ?? -1;
            message.Format = PropertyFormat.Amqp091;
            message.Flags = decoded.DeliveryMode == 2 ? MessageFlags.Persistent : MessageFlags.None;
            message.Priority = decoded.Priority ?? 0;
            message.Properties = propertiesAt;
            message.PropertiesLength = properties.Length;
            message.Body = bodyAt;
            message.BodyLength = body.Length;
            batch.Flush(flushes);
        }

        flushes.FlushAll();
        return confirm.Outcome;
    }

    private sealed class Confirm : PublishSource
    {
        private readonly TaskCompletionSource<DirectOutcome> _outcome =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<DirectOutcome> Outcome => _outcome.Task;

        protected override void Handled(ulong firstSeq, ulong lastSeq, bool accepted, FlushSet flushes) =>
            _outcome.TrySetResult(accepted ? DirectOutcome.Accepted : DirectOutcome.Refused);
    }
}

/// <summary>What of a message's properties decides where it goes.</summary>
/// <param name="ExtraKeys">Routing keys beside its own: those in `CC` and `BCC`.</param>
/// <param name="Headers">Null for a message without headers.</param>
public sealed record DirectRouting(IReadOnlyList<byte[]> ExtraKeys, IHeaderLookup? Headers);

/// <summary>A message was not published, for the reason given.</summary>
public sealed class DirectPublishException(string message, bool isForbidden = false) : Exception(message)
{
    /// <summary>The user may not do it, whatever the message.</summary>
    public bool IsForbidden { get; } = isForbidden;
}
