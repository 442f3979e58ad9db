using System.Globalization;
using System.Reflection;
using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Mqtt.Format;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// The broker's own numbers under <c>$SYS/broker/</c>, by the names that Mosquitto gave them. They look like retained
/// messages, but nothing is stored: a new subscription is told what is so now, and those that are there again every
/// period. Published to virtual hosts where somebody subscribes; all see the numbers of the whole broker.
/// </summary>
internal sealed class SystemTopics(MqttHandler handler, int periodMs) : ITickable
{
    private const int MsPerSecond = 1000;

    private static readonly string Version =
        "Posthaste " + typeof(SystemTopics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

    private readonly Dictionary<VirtualHost, RouteCache> _routes = [];
    private readonly PublishBatch _batch = new(handler.Broker);
    private readonly long _startedMs = handler.Broker.NowMs;
    private long _lastMs;

    /// <summary>Names and values as they are now.</summary>
    public IEnumerable<(string Topic, string Value)> Current()
    {
        var broker = handler.Broker;
        var traffic = handler.Statistics.Sum();
        var sessions = handler.Registry.Count;
        yield return ("$SYS/broker/version", Version);
        yield return ("$SYS/broker/uptime", $"{(broker.NowMs - _startedMs) / MsPerSecond} seconds");
        yield return ("$SYS/broker/clients/connected", Text(handler.Statistics.ConnectedCount));
        yield return ("$SYS/broker/clients/maximum", Text(handler.Statistics.ConnectedMax));
        yield return ("$SYS/broker/clients/total", Text(sessions));
        yield return (
            "$SYS/broker/clients/disconnected", Text(long.Max(0, sessions - handler.Statistics.ConnectedCount)));
        yield return ("$SYS/broker/publish/messages/received", Text(traffic.Received));
        yield return ("$SYS/broker/publish/messages/sent", Text(traffic.Sent));
        yield return ("$SYS/broker/publish/messages/dropped", Text(traffic.TooLarge));
        yield return ("$SYS/broker/subscriptions/count", Text(traffic.Subscriptions));
        yield return ("$SYS/broker/store/messages/count", Text(broker.Queues.Sum(static queue => queue.MessageCount)));
    }

    public void Tick(long nowMs)
    {
        if (nowMs - _lastMs < periodMs)
            return;
        _lastMs = nowMs;
        foreach (var deleted in _routes.Keys.Where(static host => host.IsDeleted).ToArray())
            _routes.Remove(deleted);
        foreach (var host in handler.Broker.VirtualHosts)
            Publish(host);
        FlushSet.ForThisThread.FlushAll();
    }

    private void Publish(VirtualHost host)
    {
        if (!_routes.TryGetValue(host, out var routes))
            _routes[host] = routes = host.CreateRouteCache();
        foreach (var (topic, value) in Current())
        {
            var key = Encoding.UTF8.GetBytes(topic);
            TopicKeys.Swap(key, key);
            if (routes.Resolve(MqttHandler.ExchangeBytes, key, out var route) == RouteStatus.Found && !route.IsEmpty)
                Publish(route, value);
        }
    }

    private unsafe void Publish(Route route, string value)
    {
        var facts = new PublishFacts(QoS.AtMostOnce, Retain: true);
        var text = Encoding.UTF8.GetBytes(value);
        var pinned = GC.AllocateUninitializedArray<byte>(facts.Bytes + text.Length, pinned: true);
        facts.Write(pinned);
        text.CopyTo(pinned, facts.Bytes);
        ref var message = ref _batch.Add();
        message.Route = route;
        message.Format = PropertyFormat.Mqtt;
        message.TtlMs = -1;
        message.Properties = ReadScope.AddressOf(pinned);
        message.PropertiesLength = facts.Bytes;
        message.Body = message.Properties + facts.Bytes;
        message.BodyLength = text.Length;
        _batch.Flush(FlushSet.ForThisThread);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
