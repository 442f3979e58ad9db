using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Transactions;
using Posthaste.Core.Messages;
using Posthaste.Core.Retained;
using Posthaste.Protocols.Mqtt.Format;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>Publishes the wills of clients that are gone. Any thread.</summary>
internal static class WillPublisher
{
    private const int MsPerSecond = 1000;

    /// <summary>
    /// Publishes a will and forgets it, in one record: it comes once, also if the broker dies in between.
    /// </summary>
    /// <param name="host">Where.</param>
    /// <param name="will">What it says.</param>
    /// <param name="store">Where it is remembered.</param>
    /// <param name="by">The connection that has just ended; null when it is long gone.</param>
    public static unsafe void Publish(VirtualHost host, StoredWill will, SessionStore store, BrokerConnection? by)
    {
        var facts = PublishFacts.Read(will.Properties, out _);
        var key = new byte[will.Topic.Length];
        TopicKeys.Swap(will.Topic, key);
        var transaction = host.BeginTransaction(by);
        transaction.RemoveNote(store.WillKey);
        var status = host.CreateRouteCache().Resolve(MqttHandler.ExchangeBytes, key, out var route);
        if (status == RouteStatus.NeedsHeaders)
            status = host.CreateRouteCache().Resolve(MqttHandler.ExchangeBytes, key, [], headers: null, out route);
        if (status == RouteStatus.Found && (!route.IsEmpty || facts.Retain))
        {
            var memory = host.Broker.Buffers.Rent(will.Properties.Length + will.Payload.Length);
            will.Properties.CopyTo(memory.Array);
            will.Payload.CopyTo(memory.Array.AsSpan(will.Properties.Length));
            var at = ReadScope.AddressOf(memory.Array);
            var message = new OutgoingPublish
            {
                Route = route,
                Format = PropertyFormat.Mqtt,
                Flags = facts.QoS == QoS.AtMostOnce ? MessageFlags.None : MessageFlags.Persistent,
                TtlMs = facts.ExpiryS is { } expiryS ? (long)expiryS * MsPerSecond : -1,
                Properties = at,
                PropertiesLength = will.Properties.Length,
                Body = at + will.Properties.Length,
                BodyLength = will.Payload.Length,
            };

            // Without room to retain it, those who are there get it all the same.
            var isRetained = facts.Retain && host.Retained.Prepare(ref message) == RetainRefusal.None;
            if (isRetained || !route.IsEmpty)
                transaction.Publish(message);
            memory.Release();
        }

        transaction.Commit(NobodyWaits.Instance);
    }

    /// <summary>
    /// Whether the client may publish its will. Asked when it connects, and again when it is gone: a user who was
    /// removed, or has lost the permission, has no last word.
    /// </summary>
    public static bool IsAllowed(StoredWill will, BrokerConnection by)
    {
        var key = new byte[will.Topic.Length];
        TopicKeys.Swap(will.Topic, key);
        var status = by.Host.CreateRouteCache(by).Resolve(MqttHandler.ExchangeBytes, key, out _);
        return status != RouteStatus.AccessRefused;
    }

    private sealed class NobodyWaits : TransactionReply
    {
        public static readonly NobodyWaits Instance = new();

        protected override void Applied(bool durable, FlushSet flushes)
        {
            // The note says so until it is durable: then the will is published after the next start.
        }
    }
}
