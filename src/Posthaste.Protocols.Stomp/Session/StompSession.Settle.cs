using System.Buffers.Text;
using System.Text;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>ACK and NACK, and how many deliveries may be out.</summary>
internal sealed partial class StompSession
{
    // Every subscription with deliveries that may still be acknowledged; guarded by the output's gate.
    private readonly Dictionary<int, StompSubscription> _byNumber = [];
    private List<SessionSubscription>? _waiting;

    /// <summary>Under the gate: deliveries of all subscriptions that wait for an acknowledgement.</summary>
    public int UnackedCount { get; set; }

    /// <summary>Whether one more message may be delivered; if not, the subscription is resumed when it may.</summary>
    public bool TryReserve(StompSubscription subscription)
    {
        if (!Output.TryReserve(subscription))
            return false;
        if (subscription.NoAck)
            return true;
        lock (Output.Gate)
        {
            if (UnackedCount < _limits.UnackedMax)
                return true;
            _waiting ??= [];
            if (!_waiting.Contains(subscription))
                _waiting.Add(subscription);
            return false;
        }
    }

    private StompError Nack(scoped in StompFrame frame, ReadScope scope)
    {
        var requeue = true;
        if (frame.Has(KnownHeader.Requeue) && !frame.TryGetFlag(KnownHeader.Requeue, out requeue))
            return frame.NotA(KnownHeader.Requeue, "true or false");
        return Settle(frame, requeue ? Settlement.Requeue : Settlement.Reject, scope);
    }

    private StompError Settle(scoped in StompFrame frame, Settlement settlement, ReadScope scope)
    {
        var error = FindTransaction(frame, out var transaction);
        if (error.IsError)
            return error;
        var header = Version == StompVersion.V12 ? KnownHeader.Id : KnownHeader.MessageId;
        if (!frame.Has(header))
        {
            return new(
                "Missing header", $"{frame.Command.WireName()} must include the '{header.WireName()}' header");
        }

        if (transaction is not null)
        {
            error = CheckRoom(bytes: 0);
            if (error.IsError)
                return error;
        }

        var taken = scope.LendTaken();
        if (!TryTake(frame, header, taken, scope))
        {
            var id = Encoding.UTF8.GetString(frame.Raw(header));
            return new("Message not found", $"no message '{id}' waits for an acknowledgement");
        }

        if (settlement == Settlement.Acknowledge)
            _acknowledgedCount += taken.Count;
        if (transaction is not null)
        {
            transaction.Settle(taken, settlement);
            ReceiptAtOnce(frame, scope);
            return default;
        }

        foreach (var delivery in taken)
            scope.Settlements.Add(delivery, settlement, scope.Flushes);
        if (!frame.Has(KnownHeader.Receipt))
            return default;
        Connection.HandOverAll(scope);
        ReceiptWhenDurable(frame);
        return default;
    }

    private bool TryTake(
        scoped in StompFrame frame, KnownHeader header, List<UnackedDelivery> taken, ReadScope scope)
    {
        if (!TryParseDelivery(frame.Raw(header), out var number, out var tag))
            return false;
        lock (Output.Gate)
        {
            if (!_byNumber.TryGetValue(number, out var subscription))
                return false;

            // 1.1 names the subscription as well.
            if (Version == StompVersion.V11 && frame.Has(KnownHeader.Subscription)
                && !frame.Raw(KnownHeader.Subscription).SequenceEqual(subscription.Id))
            {
                return false;
            }

            if (!subscription.TryTake(tag, taken))
                return false;
            UnackedCount -= taken.Count;
            ForgetIfDone(subscription);
            if (_waiting is { Count: > 0 } waiting && UnackedCount < _limits.UnackedMax)
            {
                scope.Resumed.AddRange(waiting);
                waiting.Clear();
            }

            return true;
        }
    }

    /// <summary>
    /// Under the gate: an ended subscription is kept only while something of it can be acknowledged.
    /// </summary>
    private void ForgetIfDone(StompSubscription subscription)
    {
        if (subscription is { HasEnded: true, OpenCount: 0 })
            _byNumber.Remove(subscription.Number);
    }

    /// <summary>Reads what this session has given out: SESSION-SUBSCRIPTION-DELIVERY.</summary>
    private bool TryParseDelivery(ReadOnlySpan<byte> id, out int number, out ulong tag)
    {
        number = 0;
        tag = 0;
        var start = Id.Length + 1;
        if (id.Length <= start || !Ascii.Equals(id[..Id.Length], Id) || id[Id.Length] != '-')
            return false;
        var rest = id[start..];
        var dash = rest.IndexOf((byte)'-');
        return dash > 0
            && Utf8Parser.TryParse(rest[..dash], out number, out var used) && used == dash
            && Utf8Parser.TryParse(rest[(dash + 1)..], out tag, out used) && used == rest.Length - dash - 1;
    }
}
