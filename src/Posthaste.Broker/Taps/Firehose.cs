using System.Diagnostics.CodeAnalysis;
using System.Text;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Taps;

/// <summary>
/// Publishes a copy of each message that a client publishes or gets to the virtual host's `amq.rabbitmq.trace`, as
/// RabbitMQ does: key `publish.EXCHANGE` or `deliver.QUEUE`, the body as it is, and everything else as headers.
/// </summary>
/// <remarks>
/// Each thread publishes what it has been told, so whoever is traced pays for it and nothing piles up; what no queue is
/// bound for costs a look at the routes. The copies are transient, and are not copied themselves.
/// </remarks>
[SuppressMessage(
    "Design", "CA1001", Justification = "Threads may be in it when it is switched off; the finalizer frees the slots.")]
internal sealed class Firehose : MessageTap
{
    private readonly ThreadLocal<TraceWriter> _writers;
    private readonly string _host;

    public Firehose(VirtualHost host)
    {
        _host = host.Name;
        _writers = new ThreadLocal<TraceWriter>(() => new TraceWriter(host));
    }

    protected internal override void Published(
        Span<OutgoingPublish> messages, BrokerConnection? by, FlushSet flushes)
    {
        var writer = _writers.Value!;
        foreach (ref var message in messages)
        {
            var view = message.View(writer.NowMs);
            if (IsTrace(view.Exchange) || !writer.TryBegin("publish."u8, view.Exchange)) continue;
            var queues = message.Route.Queues.Where(static queue => !queue.IsForDelayed)
                .Select(static queue => FieldValue.String(queue.Name));
            writer.Add(in view,
            [
                new("vhost", _host), new("connection", by?.Name ?? ""), new("channel", message.Channel),
                new("user", by?.User.Name ?? ""), new("routed_queues", FieldValue.Array([.. queues])),
            ]);
        }

        writer.Flush(flushes);
    }

    protected internal override void Delivered(in DeliveredMessage message, in DeliveryTarget to)
    {
        if (to.Connection is not { } by || IsTrace(message.Message.Exchange)) return;
        var writer = _writers.Value!;
        Span<byte> queue = stackalloc byte[byte.MaxValue];
        if (!writer.TryBegin("deliver."u8, queue[..Encoding.UTF8.GetBytes(message.Queue.Name, queue)])) return;
        writer.Add(in message,
        [
            new("redelivered", message.Redelivered ? 1 : 0), new("vhost", _host), new("connection", by.Name),
            new("channel", to.Channel?.Number ?? 0), new("user", by.User.Name),
        ]);
    }

    protected internal override void Left(FlushSet flushes) => _writers.Value!.Flush(flushes);

    private static bool IsTrace(ReadOnlySpan<byte> exchange) => exchange.SequenceEqual(TraceWriter.Exchange);
}
