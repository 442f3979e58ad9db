using Microsoft.Extensions.Logging;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Core.Routing;

namespace Posthaste.Broker.DeadLettering;

/// <summary>
/// Publishes messages whose delay is over: routed by their exchange as it is now, out of the queue that held them and
/// into those that they reach by one journal record. A message of which a queue refuses a copy because it is full stays
/// and is tried again, for its publisher was told that it is safe. Any thread, never on a strand.
/// </summary>
internal sealed partial class DelayReleaser(MessageBroker broker)
{
    private readonly ILogger _log = broker.Loggers.CreateLogger<DelayReleaser>();

    [ThreadStatic]
    private static RouteResult? _routes;

    /// <param name="queue">That holds it.</param>
    /// <param name="id">As which entry.</param>
    /// <param name="message">What is released.</param>
    /// <param name="settlements">What leaves the queue with it.</param>
    /// <param name="callback">Told what becomes of the record.</param>
    /// <returns>False when it has to stay for now; else the callback tells what becomes of the record.</returns>
    public unsafe bool TryRelease(
        BrokerQueue queue, EntryId id, MessageView message, QueueSettlement[] settlements, PipelineCallback callback)
    {
        // Right after a start its protocol may not be there yet, which alone can read where it goes.
        if (!broker.Formats.Knows(message.Format)) return false;
        var format = broker.Formats.For(message.Format);
        var released = format.Release(in message);
        var targets = FindTargets(queue, in message, released.ExtraKeys);
        var bodyBytes = message.Body.Length;
        if (targets.Exists(target => target.IsFullFor(bodyBytes))) return false;
        targets.RemoveAll(target => !target.TryAdmit(bodyBytes));
        var isRetained = (message.Flags & MessageFlags.Retained) != 0;
        if (targets.Count == 0 && !isRetained)
        {
            LogUnroutable(queue.Definition.Settings.DelayedFor!);
            broker.Pipeline.AppendCompound(settlements, [], null, callback, broker.NowMs);
            return true;
        }

        var properties = released.Properties ?? message.Properties;
        fixed (byte* propertiesAt = properties)
        fixed (byte* annotationsAt = message.Annotations)
        fixed (byte* bodyAt = message.Body)
        {
            var publish = new OutgoingPublish
            {
                Route = new Route(message.Exchange, message.RoutingKey, [.. targets]),
                TtlMs = format.ReadTtl(in message),
                Format = message.Format,
                Flags = message.Flags,
                Priority = format.ReadPriority(in message),
                Properties = propertiesAt,
                PropertiesLength = properties.Length,
                Annotations = annotationsAt,
                AnnotationsLength = message.Annotations.Length,
                Body = bodyAt,
                BodyLength = bodyBytes,
            };

            publish.Source = queue.Host.Tap?.Moving(queue, id, reason: null, in publish);

            // Without room to retain it, those who are there get it all the same.
            if (isRetained) queue.Host.Retained.Prepare(ref publish);
            broker.Pipeline.AppendCompound(
                settlements, new Span<OutgoingPublish>(ref publish), null, callback, broker.NowMs);
            return true;
        }
    }

    private List<BrokerQueue> FindTargets(
        BrokerQueue queue, in MessageView message, IReadOnlyList<byte[]> extraKeys)
    {
        var catalog = queue.Host.Catalog;
        if (!catalog.TryGetExchange(queue.Definition.Settings.DelayedFor!, out var exchange)) return [];
        var routes = _routes ??= new RouteResult();
        routes.Clear();
        var lookup = new StoredHeaders(broker.Formats.For(message.Format), in message);
        var headers = new RouteHeaders(lookup, IsDelayOver: true);
        catalog.Route(exchange, message.RoutingKey, extraKeys, in headers, routes);
        var targets = new List<BrokerQueue>(routes.Count);
        foreach (var target in routes.Queues)
        {
            if (!target.IsDeleted) targets.Add((BrokerQueue)target);
        }

        routes.Clear();
        return targets;
    }

    [LoggerMessage(EventId = 2211, Level = LogLevel.Debug,
        Message = "Exchange {Exchange}: a delayed message reached no queue when it was due; dropped")]
    private partial void LogUnroutable(string exchange);
}
