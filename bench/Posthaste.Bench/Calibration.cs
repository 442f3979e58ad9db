using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Posthaste.Bench.Amqp;
using Posthaste.Bench.Load;

namespace Posthaste.Bench;

/// <summary>
/// What the load itself costs: publishes into a socket that throws everything away, and consumes deliveries from a
/// socket that
/// repeats ready-made ones. A broker can only be measured well below these rates.
/// </summary>
internal static class Calibration
{
    private const int SocketBufferBytes = 256 * 1024;

    /// <summary>Messages per second and the load thread's own CPU per message.</summary>
    internal sealed record Figure(double PerSecond, double CpuNanosPerMessage);

    public static Figure Publish(int bodyBytes, TimeSpan duration)
    {
        (Socket near, Socket far) = ConnectedPair();
        using AmqpConnection connection = new(near, SocketBufferBytes);
        using Socket sink = far;
        LoadThread sinking = LoadThread.Start("sink", () => Discard(sink));
        Counter published = new();
        StopSignal stop = new();
        PublishRing ring = new("", ["bench.queue.0"], bodyBytes, persistent: false);
        Publisher publisher = new(connection, ring, new AmqpAnswers(window: null), published);
        Figure figure = Measure("publisher", () => publisher.Run(stop, OpenGate.Instance), stop, published, duration);
        near.Shutdown(SocketShutdown.Both);
        sinking.Join(duration);
        return figure;
    }

    public static Figure Consume(int bodyBytes, TimeSpan duration)
    {
        (Socket near, Socket far) = ConnectedPair();
        using AmqpConnection connection = new(near, SocketBufferBytes);
        using Socket source = far;
        StopSignal stopSource = new();
        LoadThread sending = LoadThread.Start("source", () => Deliver(source, bodyBytes, stopSource));
        Counter delivered = new();
        StopSignal stop = new();
        Consumer consumer = new(connection, [new SequenceCheck("source", gapless: true)], ackEvery: 0, delivered);
        Figure figure = Measure("consumer", () => consumer.Run(stop), stop, delivered, duration);
        stopSource.Set();
        near.Close();
        sending.Join(duration);
        return figure;
    }

    private static Figure Measure(string name, Action body, StopSignal stop, Counter counter, TimeSpan duration)
    {
        TimeSpan cpu = TimeSpan.Zero;
        long started = Stopwatch.GetTimestamp();
        LoadThread thread = LoadThread.Start(name, () =>
        {
            TimeSpan before = Clock.ThreadCpuTime();
            body();
            cpu = Clock.ThreadCpuTime() - before;
        });
        Thread.Sleep(duration);
        stop.Set();
        thread.Join(duration);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Figure(counter.Value / seconds, cpu.TotalNanoseconds / counter.Value);
    }

    private static void Discard(Socket socket)
    {
        byte[] buffer = new byte[SocketBufferBytes];
        while (socket.Receive(buffer, SocketFlags.None, out SocketError error) > 0 && error == SocketError.Success)
        {
        }
    }

    /// <summary>Sends deliveries until told to stop or until nobody takes them any more.</summary>
    private static void Deliver(Socket socket, int bodyBytes, StopSignal stop)
    {
        const int Count = 256;
        FrameWriter writer = new();
        for (long sequence = 0; !stop.IsSet; sequence += Count)
        {
            writer.Clear();
            for (long n = sequence; n < sequence + Count; n++)
            {
                AddDelivery(writer, deliveryIndex: n, sequence: n, bodyBytes);
            }

            socket.Send(writer.Written, SocketFlags.None, out SocketError error);
            if (error != SocketError.Success)
            {
                return;
            }
        }
    }

    /// <summary>Adds one delivery as a broker sends it, with <paramref name="sequence"/> in its body.</summary>
    internal static void AddDelivery(FrameWriter writer, long deliveryIndex, long sequence, int bodyBytes)
    {
        Span<byte> filler = stackalloc byte[bodyBytes - sizeof(long)];
        writer.BeginMethod(Consumer.Channel, Method.BasicDeliver)
            .ShortString(Consumer.Tag(0)).LongLong((ulong)deliveryIndex + 1).Octet(0)
            .ShortString("").ShortString("bench.queue.0").EndFrame();
        writer.Begin(Frame.HeaderType, Consumer.Channel)
            .Short(60).Short(0).LongLong((ulong)bodyBytes).Short(0x1000).Octet(1).EndFrame();
        writer.Begin(Frame.BodyType, Consumer.Channel)
            .LongLong(BinaryPrimitives.ReverseEndianness((ulong)sequence)).Raw(filler).EndFrame();
    }

    private static (Socket Near, Socket Far) ConnectedPair()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        Socket near = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        near.Connect(listener.LocalEndPoint!);
        return (near, listener.Accept());
    }
}
