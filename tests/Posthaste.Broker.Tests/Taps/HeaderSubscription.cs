using System.Text;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Tests.Taps;

/// <summary>A message that the broker has published.</summary>
internal sealed record Shown(string Key, string Body, FieldTable Headers);

/// <summary>A client that consumes what the broker publishes: the firehose, events.</summary>
internal sealed class HeaderSubscription(BrokerConnection by) : Subscription
{
    private readonly MessageProperties _properties = new();

    public List<Shown> All { get; } = [];

    public override BrokerConnection Connection => by;

    protected internal override bool TryReserve() => true;

    protected internal override void Unreserve()
    {
    }

    protected internal override void Deliver(in DeliveredMessage message, FlushSet flushes)
    {
        by.Host.Broker.Formats.Read(in message, _properties);
        var headers = new List<KeyValuePair<string, FieldValue>>();
        for (var i = 0; i < _properties.HeaderCount; i++)
        {
            var header = _properties.Header(i);
            headers.Add(new(Encoding.UTF8.GetString(header.Name), header.Value.ToValue()));
        }

        All.Add(new Shown(
            Encoding.UTF8.GetString(message.Message.RoutingKey), Encoding.UTF8.GetString(message.Message.Body),
            FieldTable.Create([.. headers])));
    }

    protected internal override void Cancelled(SubscriptionEnd reason, FlushSet flushes)
    {
    }
}
