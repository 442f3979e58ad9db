using System.Net;
using Posthaste.Bench.Amqp;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Workloads;

/// <summary>Declares a flow's queues, exchange and bindings and opens its connections.</summary>
internal sealed class AmqpTopology(AmqpSpec spec) : FlowTopology
{
    private const string FanoutExchange = "bench.fanout";
    private const string TopicExchange = "bench.topic";
    private const int BindingsPerQueue = 10;
    private const ushort Channel = PublishRing.Channel;

    public override Protocol Protocol => Protocol.Amqp;

    public override int Publishers => spec.Publishers;

    public override int Consumers => spec.OneConsumerConnection ? 1 : spec.Queues;

    public override int DeliveriesPerMessage => spec.DeliveriesPerMessage;

    private static string Queue(int queue) => $"bench.queue.{queue}";

    public override void Declare(Broker broker)
    {
        using AmqpConnection connection = AmqpConnection.Open(broker.EndPoint);
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

    public override Publisher OpenPublisher(
        Broker broker, int publisher, Counter published, int confirmWindow = ConfirmWindowSize)
    {
        AmqpConnection connection = AmqpConnection.Open(broker.EndPoint, receiveBufferBytes: 64 * 1024);
        connection.OpenChannel(Channel);
        if (spec.Persistent)
        {
            connection.SelectConfirms(Channel);
        }

        AmqpAnswers answers = new(spec.Persistent ? new ConfirmWindow(confirmWindow) : null);
        return new Publisher(connection, CreateRing(publisher), answers, published);
    }

    public override FlowConsumer OpenConsumer(
        Broker broker, int consumer, Counter delivered, LatencyRecorder? latency = null)
    {
        int[] queues = spec.OneConsumerConnection ? [.. Enumerable.Range(0, spec.Queues)] : [consumer];
        AmqpConnection connection = OpenConsumerConnection(broker.EndPoint, queues);

        // A topic's queues get some of the messages each; the sum is compared at the end.
        bool gapless = spec.Routing != Routing.Topic;
        SequenceCheck[] checks = [.. queues.Select(queue => new SequenceCheck(Queue(queue), gapless))];
        return new Consumer(connection, checks, spec.Persistent ? Prefetch / 2 : 0, delivered, latency);
    }

    // Subscriptions are tagged by their place among the connection's queues.
    private AmqpConnection OpenConsumerConnection(IPEndPoint endPoint, int[] queues)
    {
        AmqpConnection connection = AmqpConnection.Open(endPoint);
        connection.OpenChannel(Consumer.Channel);
        if (spec.Persistent)
        {
            connection.SetPrefetch(Consumer.Channel, Prefetch);
        }

        for (int i = 0; i < queues.Length; i++)
        {
            connection.Consume(Consumer.Channel, Queue(queues[i]), Consumer.Tag(i), autoAck: !spec.Persistent);
        }

        return connection;
    }

    private PublishRing CreateRing(int publisher) => spec.Routing switch
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
