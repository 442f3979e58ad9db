using Posthaste.Broker;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Publishing;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Amqp091.Tests.Session;

namespace Posthaste.Protocols.Amqp091.Tests.Format;

/// <summary>A protocol of the tests' own: what its messages say is what the test has in mind.</summary>
internal sealed class ForeignFormat(Action<MessageProperties> fill) : CanonicalFormat
{
    private readonly byte[] _memory = GC.AllocateArray<byte>(1 << 20, pinned: true);

    public override PropertyFormat Format => PropertyFormat.Mqtt;

    public override void ReadProperties(in MessageView message, MessageProperties into) => fill(into);

    /// <summary>Publishes a message in this format.</summary>
    public unsafe void Publish(BrokerHost host, string exchange, string key, string body, long ttlMs = -1)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(body, _memory);
        var status = host.Broker.FindVirtualHost("/")!.CreateRouteCache(by: null).Resolve(
            System.Text.Encoding.UTF8.GetBytes(exchange), System.Text.Encoding.UTF8.GetBytes(key), out var route);
        Assert.Equal(RouteStatus.Found, status);
        var batch = new PublishBatch(host.Broker);
        ref var message = ref batch.Add();
        message.Route = route;
        message.Format = Format;
        message.Flags = MessageFlags.Persistent;
        message.TtlMs = ttlMs;
        fixed (byte* memory = _memory)
        {
            message.Properties = memory;
            message.Body = memory;
            message.BodyLength = bytes;
            batch.Flush(FlushSet.ForThisThread);
        }

        FlushSet.ForThisThread.FlushAll();
    }
}
