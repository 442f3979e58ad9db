using System.Net;
using Posthaste.Bench.Amqp;

namespace Posthaste.Bench.Workloads;

/// <summary>Declares a flow's queues, exchange and bindings and opens its connections.</summary>
internal sealed class FlowTopology(FlowSpec spec)
{
    /// <summary>Unacknowledged deliveries a consumer, where it acknowledges.</summary>
    public const ushort Prefetch = 1000;

    private const string FanoutExchange = "bench.fanout";
    private const string TopicExchange = "bench.topic";
    private const int BindingsPerQueue = 10;
    private const ushort Channel = PublishRing.Channel;

    public static string Queue(int queue) => $"bench.queue.{queue}";

    public void Declare(IPEndPoint endPoint)
    {
        using AmqpConnection connection = AmqpConnection.Open(endPoint);
        connection.OpenChannel(Channel);
        if (spec.Routing == Routing.Fanout)
        {
            connection.DeclareExchange(Channel, FanoutExchange, "fanout");
        }
        else if (spec.Routing == Routing.Topic)
        {
            connection.DeclareExchange(Channel, TopicExchange, "topic");
        }

        for (int queue = 0; queue < spec.Queues; queue++)
        {
            connection.DeclareQueue(Channel, Queue(queue), spec.Persistent, spec.QueueType);
            Bind(connection, queue);
        }

        connection.Close();
    }

    public AmqpConnection OpenPublisher(IPEndPoint endPoint)
    {
        AmqpConnection connection = AmqpConnection.Open(endPoint, receiveBufferBytes: 64 * 1024);
        connection.OpenChannel(Channel);
        if (spec.Persistent)
        {
            connection.SelectConfirms(Channel);
        }

        return connection;
    }

    /// <summary>Opens a connection that consumes <paramref name="queues"/>, tagged by their place among them.</summary>
    public AmqpConnection OpenConsumer(IPEndPoint endPoint, IReadOnlyList<int> queues)
    {
        AmqpConnection connection = AmqpConnection.Open(endPoint);
        connection.OpenChannel(Consumer.Channel);
        if (spec.Persistent)
        {
            connection.SetPrefetch(Consumer.Channel, Prefetch);
        }

        for (int i = 0; i < queues.Count; i++)
        {
            connection.Consume(Consumer.Channel, Queue(queues[i]), Consumer.Tag(i), autoAck: !spec.Persistent);
        }

        return connection;
    }

    public PublishRing CreateRing(int publisher) => spec.Routing switch
    {
        Routing.Direct => new PublishRing("", [Queue(publisher)], spec.BodyBytes, spec.Persistent),
        Routing.Fanout => new PublishRing(FanoutExchange, [""], spec.BodyBytes, spec.Persistent),
        _ => new PublishRing(TopicExchange, TopicKeys(), spec.BodyBytes, spec.Persistent),
    };

    private void Bind(AmqpConnection connection, int queue)
    {
        if (spec.Routing == Routing.Fanout)
        {
            connection.Bind(Channel, Queue(queue), FanoutExchange, "");
        }
        else if (spec.Routing == Routing.Topic)
        {
            for (int unit = 0; unit < BindingsPerQueue; unit++)
            {
                connection.Bind(Channel, Queue(queue), TopicExchange, $"*.site{queue}.unit{unit}.#");
            }
        }
    }

    // One key a binding, neighbouring messages to different queues.
    private string[] TopicKeys() =>
    [
        .. from unit in Enumerable.Range(0, BindingsPerQueue)
           from queue in Enumerable.Range(0, spec.Queues)
           select $"plant.site{queue}.unit{unit}.temperature",
    ];
}
