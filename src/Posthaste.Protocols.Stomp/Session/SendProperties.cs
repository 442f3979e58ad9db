using System.Text;
using Posthaste.Broker.Security;
using Posthaste.Core.Messages;
using Posthaste.Core.Routing;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>What the broker has to know of a SEND's headers.</summary>
internal ref struct SendProperties
{
    // Milliseconds of the longest expiration, RabbitMQ's limit.
    private const long ExpirationMsMax = (1L << 32) - 1;

    public MessageFlags Flags { get; private set; }

    public byte Priority { get; private set; }

    /// <summary>Own time to live in milliseconds; -1 for none.</summary>
    public long TtlMs { get; private set; }

    /// <summary>Milliseconds until it is published; 0 for now.</summary>
    public long DelayMs { get; private set; }

    /// <summary>What is stored as `reply-to`, escaped, in place of what was sent; empty to store that.</summary>
    public ReadOnlySpan<byte> ReplyTo { get; set; }

    /// <summary>Reads and checks.</summary>
    public static StompError Read(scoped in StompFrame frame, BrokerUser user, out SendProperties properties)
    {
        properties = new SendProperties { TtlMs = -1 };
        if (frame.Has(KnownHeader.Persistent))
        {
            if (!frame.TryGetFlag(KnownHeader.Persistent, out var isPersistent))
                return frame.NotA(KnownHeader.Persistent, "true or false");
            properties.Flags = isPersistent ? MessageFlags.Persistent : MessageFlags.None;
        }

        if (frame.Has(KnownHeader.Priority))
        {
            if (!frame.TryGetNumber(KnownHeader.Priority, byte.MaxValue, out var priority))
                return frame.NotA(KnownHeader.Priority, "a number from 0 to 255");
            properties.Priority = (byte)priority;
        }

        if (frame.Has(KnownHeader.Expiration))
        {
            if (!frame.TryGetNumber(KnownHeader.Expiration, ExpirationMsMax, out var ttlMs))
                return frame.NotA(KnownHeader.Expiration, $"a number of milliseconds up to {ExpirationMsMax}");
            properties.TtlMs = ttlMs;
        }

        if (frame.Has(KnownHeader.ScheduledDelay))
        {
            if (!frame.TryGetNumber(KnownHeader.ScheduledDelay, DelayHeader.DelayMsMax, out var delayMs))
            {
                return frame.NotA(
                    KnownHeader.ScheduledDelay, $"a number of milliseconds up to {DelayHeader.DelayMsMax}");
            }

            properties.DelayMs = delayMs;
        }

        if (frame.Has(KnownHeader.ScheduledRepetition))
        {
            return new(
                "not_implemented", $"{KnownHeader.ScheduledRepetition.WireName()}: messages are scheduled once only");
        }

        return frame.Has(KnownHeader.UserId) ? CheckUserId(frame, user) : default;
    }

    private static StompError CheckUserId(scoped in StompFrame frame, BrokerUser user)
    {
        var claimed = Encoding.UTF8.GetString(frame.Value(KnownHeader.UserId));
        return user.MayImpersonate || claimed == user.Name
            ? default
            : new(
                "precondition_failed",
                $"user_id property set to '{claimed}' but authenticated user was '{user.Name}'");
    }
}
