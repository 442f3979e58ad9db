using System.Text;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Taps;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Tests.Taps;

/// <summary>Writes down what it is told, and when messages are safe.</summary>
internal sealed class RecordingTap : MessageTap
{
    public List<string> Told { get; } = [];

    /// <summary>Strands that were left after it was told something there.</summary>
    public int LeftCount { get; private set; }

    protected internal override void Published(
        Span<OutgoingPublish> messages, BrokerConnection? by, FlushSet flushes)
    {
        foreach (ref var message in messages)
        {
            var body = Encoding.UTF8.GetString(message.BodySpan);
            Told.Add($"published {body} to {message.Route.QueueCount} by {by?.User.Name}");
            message.Source = new Stored(this, body, message.Source);
        }
    }

    protected internal override void Delivered(in DeliveredMessage message, in DeliveryTarget to)
    {
        var body = Encoding.UTF8.GetString(message.Message.Body);
        Told.Add($"delivered {body} from {message.Queue.Name}{(to.IsSettled ? " for good" : "")}");
    }

    protected internal override void Settled(BrokerQueue queue, ReadOnlySpan<EntryId> ids, Settlement how) =>
        Told.Add($"settled {ids.Length} of {queue.Name}: {how}");

    protected internal override void Left(FlushSet flushes) => LeftCount++;

    /// <summary>Stands before the publisher's own source.</summary>
    private sealed class Stored(RecordingTap tap, string body, PublishSource? then) : PublishSource
    {
        protected internal override void Handled(ulong firstSeq, ulong lastSeq, bool accepted, FlushSet flushes)
        {
            tap.Told.Add($"{(accepted ? "stored" : "refused")} {body}");
            then?.Handled(firstSeq, lastSeq, accepted, flushes);
        }
    }
}
