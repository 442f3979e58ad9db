using System.Net;
using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Tests;

/// <summary>A connection with a channel and a consumer, as a protocol's session would make them.</summary>
internal sealed class FakeClient : IDisposable
{
    private readonly FakeSubscription _subscription;

    public FakeClient(MessageBroker broker, string queue, string virtualHost = "/")
    {
        var host = broker.FindVirtualHost(virtualHost)!;
        Connection = broker.OpenConnection(
            new ProtocolConnection(
                null!, new IPEndPoint(IPAddress.Loopback, 5672), new IPEndPoint(IPAddress.Loopback, 40_000),
                static _ => { }),
            "amqp", new BrokerUser("guest"), host);
        Channel = new FakeChannel(Connection);
        Assert.True(host.TryGetQueue(Encoding.UTF8.GetBytes(queue), out var found));
        _subscription = new FakeSubscription(found, Channel) { PrefetchMax = 7 };
        found.Consume(_subscription, FlushSet.ForThisThread);
    }

    public BrokerConnection Connection { get; }

    public FakeChannel Channel { get; }

    public void Dispose()
    {
        _subscription.Queue.Cancel(_subscription, FlushSet.ForThisThread);
        Channel.Close();
        Connection.Dispose();
    }

    internal sealed class FakeChannel(BrokerConnection connection) : BrokerChannel(connection, 1)
    {
        public long PublishedCount { get; set; }

        public override bool IsConfirming => true;

        public override bool IsTransactional => false;

        public override int PrefetchMax => 7;

        public override int SharedPrefetchMax => 0;

        public override int ConsumerCount => 1;

        public override long UnackedCount => 0;

        public override long UnconfirmedCount => 2;

        public override long UncommittedCount => 0;

        public override long UncommittedAckCount => 0;

        public override void ReadTraffic(ref TrafficCounts into) => into.Publishing.PublishedCount = PublishedCount;

        public void Close() => EndMeter();
    }

    private sealed class FakeSubscription(BrokerQueue queue, FakeChannel channel) : SessionSubscription(queue)
    {
        public override string ConsumerTag => "tag";

        public override BrokerConnection Connection => channel.Connection;

        public override BrokerChannel Channel => channel;

        protected override bool TryReserve() => false;

        protected override void Unreserve()
        {
        }

        protected override void Deliver(in DeliveredMessage message, FlushSet flushes) =>
            Assert.Fail("it takes nothing");

        protected override void Cancelled(SubscriptionEnd reason, FlushSet flushes)
        {
        }
    }
}
