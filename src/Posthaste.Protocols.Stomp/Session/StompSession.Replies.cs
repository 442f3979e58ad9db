using System.Text;
using Posthaste.Broker.Sessions;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Stomp.Format;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>
/// Temporary queues: `reply-to:/temp-queue/NAME` makes one for this session, subscribed to under that very name, and
/// tells the receiver the destination to answer to.
/// </summary>
internal sealed partial class StompSession
{
    // What stands for each name in `reply-to`, escaped. The reader's alone.
    private Dictionary<string, byte[]>? _replyQueues;

    /// <summary>What is stored as `reply-to`; empty to store what was sent.</summary>
    public StompError ResolveReplyTo(scoped in StompFrame frame, ReadScope scope, out ReadOnlySpan<byte> replyTo)
    {
        replyTo = default;
        var value = frame.Value(KnownHeader.ReplyTo);
        if (!value.StartsWith("/temp-queue"u8))
            return default;
        var error = Destination.Parse(value, out var destination);
        if (error.IsError || destination.Kind != DestinationKind.TemporaryQueue)
            return error;
        if (_replyQueues is null || !_replyQueues.TryGetValue(destination.KeyText, out var known))
        {
            error = AddReplyQueue(frame, scope, out known);
            if (error.IsError)
                return error;
            (_replyQueues ??= new(StringComparer.Ordinal)).Add(destination.KeyText, known);
        }

        replyTo = known;
        return default;
    }

    private StompError AddReplyQueue(scoped in StompFrame frame, ReadScope scope, out byte[] replyTo)
    {
        replyTo = [];
        lock (Output.Gate)
        {
            if (_subscriptions.Count >= _limits.SubscriptionsMax)
                return TooManySubscriptions();
        }

        var name = $"stomp.gen-{RandomName()}";
        var parameters = new QueueParameters(Durable: false, Exclusive: true, AutoDelete: true, FieldTable.Empty);
        var error = Declare(name, parameters, out var declared);
        if (error.IsError)
            return error;
        var id = frame.Raw(KnownHeader.ReplyTo).ToArray();
        var subscription = new StompSubscription(this, declared.Queue!, ++_lastNumber, id) { NoAck = true };
        replyTo = Encoding.UTF8.GetBytes($"/reply-queue/{name}");
        return Consume(subscription, $"id={Encoding.UTF8.GetString(id)}", scope);
    }
}
