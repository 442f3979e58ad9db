using System.Net;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Flow;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Events;

/// <summary>
/// Where things that happen are told: they are counted (<see cref="Statistics.Churn"/>), and published to the exchange
/// `amq.rabbitmq.event` under RabbitMQ's names while something is bound to it. docs/observability.md lists them. Any
/// thread, any lock held.
/// </summary>
/// <remarks>
/// While nothing is bound, nothing is made: one field is read. The order of events is that of the calls, so whoever
/// calls under the lock that orders what happens has events of one thing in their order.
/// </remarks>
public sealed partial class BrokerEvents
{
    private static readonly ResourceAlarm[] AllAlarms =
        [ResourceAlarm.Memory, ResourceAlarm.Disk, ResourceAlarm.Journal];

    private readonly Lock _alarmsLock = new();
    private readonly MessageBroker _broker;
    private readonly EventPublisher _publisher;
    private ResourceAlarm _alarms;
    private volatile bool _hasBindings;
    private volatile bool _isWatched;
    private volatile bool _isOpen;

    internal BrokerEvents(MessageBroker broker)
    {
        _broker = broker;
        _publisher = new EventPublisher(broker);
        broker.Alarms.Changed += OnAlarms;
    }

    /// <summary>Events that were dropped because too many waited to be published.</summary>
    public long LostCount => _publisher.LostCount;

    internal static ReadOnlySpan<byte> ExchangeBytes => "amq.rabbitmq.event"u8;

    /// <summary>Something is bound to the exchange.</summary>
    internal bool IsWatched => _isWatched;

    /// <summary>The first binding has come, or the last one has gone. Under the catalog's lock.</summary>
    internal void SetBound(bool hasBindings)
    {
        _hasBindings = hasBindings;
        _isWatched = hasBindings && _isOpen;
    }

    /// <summary>What happens from now on is news: recovery is over.</summary>
    internal void Open()
    {
        _isOpen = true;
        _isWatched = _hasBindings;
    }

    internal void Close()
    {
        _broker.Alarms.Changed -= OnAlarms;
        _publisher.Stop();
    }

    internal void ConnectionOpened(BrokerConnection connection)
    {
        _broker.Statistics.Churn.ConnectionsOpened.Add();
        if (!_isWatched) return;
        Add("connection.created",
        [
            new("type", "network"), new("pid", Pid(connection, 0)), new("name", connection.Name),
            .. Ends(connection.Transport), new("protocol", connection.Protocol), new("user", connection.User.Name),
            new("vhost", connection.Host.Name), new("connected_at", connection.OpenedAtMs),
            new("node", MessageBroker.NodeName), .. ClientName(connection), By(connection.User.Name),
        ]);
    }

    internal void ConnectionClosed(BrokerConnection connection)
    {
        _broker.Statistics.Churn.ConnectionsClosed.Add();
        if (!_isWatched) return;
        Add("connection.closed",
        [
            new("name", connection.Name), new("pid", Pid(connection, 0)), new("node", MessageBroker.NodeName),
            new("vhost", connection.Host.Name), new("user", connection.User.Name), .. ClientName(connection),
        ]);
    }

    internal void ChannelOpened(BrokerChannel channel)
    {
        _broker.Statistics.Churn.ChannelsOpened.Add();
        if (!_isWatched) return;
        var connection = channel.Connection;
        Add("channel.created",
        [
            new("pid", Pid(connection, channel.Number)), new("name", channel.Name),
            new("connection", Pid(connection, 0)), new("number", (long)channel.Number),
            new("user", connection.User.Name), new("vhost", connection.Host.Name), By(connection.User.Name),
        ]);
    }

    internal void ChannelClosed(BrokerChannel channel)
    {
        _broker.Statistics.Churn.ChannelsClosed.Add();
        if (!_isWatched) return;
        var connection = channel.Connection;
        Add("channel.closed",
        [
            new("pid", Pid(connection, channel.Number)), new("name", channel.Name),
            new("connection", Pid(connection, 0)), By(connection.User.Name),
        ]);
    }

    internal void ConsumerAdded(BrokerQueue queue, Subscription consumer)
    {
        if (!_isWatched || consumer.Connection is not { } connection) return;
        Add("consumer.created",
        [
            new("consumer_tag", consumer.ConsumerTag), new("exclusive", consumer.Exclusive),
            new("ack_required", !consumer.NoAck), new("channel", Pid(connection, consumer.Channel?.Number ?? 0)),
            new("queue", queue.Name), new("vhost", queue.Host.Name),
            new("prefetch_count", (long)consumer.PrefetchMax), new("arguments", consumer.Arguments),
            By(connection.User.Name),
        ]);
    }

    internal void ConsumerRemoved(BrokerQueue queue, Subscription consumer)
    {
        if (!_isWatched || consumer.Connection is not { } connection) return;
        Add("consumer.deleted",
        [
            new("consumer_tag", consumer.ConsumerTag),
            new("channel", Pid(connection, consumer.Channel?.Number ?? 0)), new("queue", queue.Name),
            new("vhost", queue.Host.Name), By(connection.User.Name),
        ]);
    }

    /// <summary>Somebody has proven who it is, or has not.</summary>
    /// <param name="name">Who, as far as that is known.</param>
    /// <param name="error">Why not; null for success.</param>
    internal void Authenticated(string name, string mechanism, ProtocolConnection from, string? error)
    {
        if (!_isWatched) return;
        Add(error is null ? "user.authentication.success" : "user.authentication.failure",
        [
            new("connection_type", from.Listener.Length > 0 ? "network" : "direct"), new("name", name),
            new("connection_name", NameOf(from)), .. Ends(from), new("protocol", from.Listener),
            new("auth_mechanism", mechanism),
            .. error is null ? [] : (KeyValuePair<string, FieldValue>[])[new("error", error)],
        ]);
    }

    /// <summary>Adds an event, its name being the routing key. Only while it is watched.</summary>
    internal void Add(string key, KeyValuePair<string, FieldValue>[] fields) =>
        _publisher.Add(new BrokerEvent(key, _broker.NowMs, fields));

    /// <summary>Raised on whatever thread has found a resource short, or free again.</summary>
    private void OnAlarms()
    {
        lock (_alarmsLock)
        {
            var now = _broker.Alarms.Active;
            var changed = now ^ _alarms;
            _alarms = now;
            if (!_isWatched) return;
            foreach (var alarm in AllAlarms)
            {
                if ((changed & alarm) == 0) continue;
                Add((now & alarm) != 0 ? "alarm.set" : "alarm.cleared",
                    [new("source", alarm.ToString().ToLowerInvariant()), new("node", MessageBroker.NodeName)]);
            }
        }
    }

    private static KeyValuePair<string, FieldValue> By(string user) => new("user_who_performed_action", user);

    /// <summary>
    /// RabbitMQ has a process of Erlang here: something to tell connections and channels apart by.
    /// </summary>
    private static string Pid(BrokerConnection connection, int channel) =>
        $"<{MessageBroker.NodeName}.{connection.Id}.{channel}>";

    private static KeyValuePair<string, FieldValue>[] ClientName(BrokerConnection connection) =>
        connection.ClientName is { } name ? [new("user_provided_name", name)] : [];

    private static string NameOf(ProtocolConnection transport) => transport.RemoteEndPoint is null
        ? ""
        : $"{transport.RemoteEndPoint} -> {transport.LocalEndPoint}";

    private static KeyValuePair<string, FieldValue>[] Ends(ProtocolConnection transport)
    {
        var fields = new List<KeyValuePair<string, FieldValue>> { new("ssl", transport.IsTls) };
        if (transport.LocalEndPoint is IPEndPoint local)
            fields.AddRange([new("host", local.Address.ToString()), new("port", (long)local.Port)]);
        if (transport.RemoteEndPoint is IPEndPoint peer)
            fields.AddRange([new("peer_host", peer.Address.ToString()), new("peer_port", (long)peer.Port)]);
        if (transport.ClientCertificate is { } certificate)
        {
            fields.AddRange(
            [
                new("peer_cert_subject", certificate.Subject), new("peer_cert_issuer", certificate.Issuer),
                new("peer_cert_serial_number", certificate.SerialNumber),
            ]);
        }

        return [.. fields];
    }
}
