using System.Buffers.Binary;
using System.Diagnostics;
using Posthaste.Bench.Amqp;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;
using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Workloads;

/// <summary>
/// Many durable queues: declares pipelined over four channels, the memory that each costs, then one confirmed
/// persistent message
/// into each, after which every queue has to say that it holds one.
/// </summary>
internal sealed class QueuesWorkload(string name, string description) : Workload(name, description)
{
    private const int BodyBytes = 1024;
    private const int Window = 1000;
    private const int Channels = 4;
    private const int UnansweredMax = 400;
    private const int WarmUpQueues = 200;
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(2);

    public override IReadOnlyList<Metric> Run(Broker broker, WorkloadOptions options, CancellationToken cancellation)
    {
        using AmqpConnection connection = AmqpConnection.Open(broker.EndPoint);
        for (ushort channel = 1; channel <= Channels; channel++)
        {
            connection.OpenChannel(channel);
        }

        string[] warmUp = Names("warm", WarmUpQueues);
        string[] queues = Names("many", options.QueueCount);
        Declare(connection, warmUp, passive: false);
        PublishToEach(broker, warmUp);

        (long residentBefore, long privateBefore) = SettledMemory(broker);
        long started = Stopwatch.GetTimestamp();
        Declare(connection, queues, passive: false);
        double declareSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        (long residentAfter, long privateAfter) = SettledMemory(broker);

        cancellation.ThrowIfCancellationRequested();
        double publishSeconds = PublishToEach(broker, queues);
        (long residentFilled, _) = SettledMemory(broker);
        long messages = Declare(connection, queues, passive: true);
        if (messages != queues.Length)
        {
            throw new WorkloadException($"{queues.Length} queues hold {messages} messages, one each was confirmed");
        }

        double perQueue = 1e3 * queues.Length;
        return
        [
            Metric.Cost("declare all", "s", declareSeconds),
            Metric.Cost("resident per queue", "KB", (residentAfter - residentBefore) / perQueue),
            Metric.Cost("private per queue", "KB", (privateAfter - privateBefore) / perQueue),
            Metric.Cost("one message into each", "s", publishSeconds),
            Metric.Cost("resident per queue with it", "KB", (residentFilled - residentBefore) / perQueue),
        ];
    }

    private static string[] Names(string kind, int count) =>
        [.. Enumerable.Range(0, count).Select(i => $"bench.{kind}.{i:0000000}")];

    private static (long Resident, long Private) SettledMemory(Broker broker)
    {
        Thread.Sleep(SettleTime);
        return (ProcessMeter.ResidentBytes(broker.ProcessId), ProcessMeter.PrivateBytes(broker.ProcessId));
    }

    /// <summary>
    /// Declares all queues with a bounded number of declares on their way; returns the messages that they hold.
    /// </summary>
    private static long Declare(AmqpConnection connection, string[] queues, bool passive)
    {
        FrameWriter writer = new();
        int sent = 0;
        long messages = 0;
        for (int answered = 0; answered < queues.Length; answered++)
        {
            // Refills when half of the window is answered, so that both sides work on many at a time.
            if (sent - answered <= UnansweredMax / 2)
            {
                for (; sent < queues.Length && sent - answered < UnansweredMax; sent++)
                {
                    ushort channel = (ushort)(1 + (sent % Channels));
                    AmqpConnection.AddDeclareQueue(writer, channel, queues[sent], durable: true, passive);
                }

                connection.Send(writer.Written);
                writer.Clear();
            }

            Frame frame = connection.NextFrame();
            if (frame.Type != Frame.MethodType || frame.Method != Method.QueueDeclareOk)
            {
                throw new WorkloadException("a declare was not answered by queue.declare-ok");
            }

            messages += BinaryPrimitives.ReadUInt32BigEndian(frame.Arguments[(1 + frame.Arguments[0])..]);
        }

        return messages;
    }

    private static double PublishToEach(Broker broker, string[] queues)
    {
        using AmqpConnection connection = AmqpConnection.Open(broker.EndPoint);
        connection.OpenChannel(PublishRing.Channel);
        connection.SelectConfirms(PublishRing.Channel);
        PublishRing ring = new("", queues, BodyBytes, persistent: true, mandatory: true);
        Publisher publisher = new(connection, ring, new AmqpAnswers(new ConfirmWindow(Window)), new Counter());
        long started = Stopwatch.GetTimestamp();
        publisher.Run(new StopSignal(), OpenGate.Instance, queues.Length);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
