namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>
/// Headers that frames are asked for by name while they are handled. All others are found by walking
/// <see cref="StompFrame.Headers"/>.
/// </summary>
internal enum KnownHeader : byte
{
    None,
    Destination,
    ContentLength,
    Receipt,
    Transaction,
    Persistent,
    Priority,
    Expiration,
    ReplyTo,
    UserId,
    MessageId,
    Subscription,
    Ack,
    Id,
    Redelivered,
    Requeue,
    PrefetchCount,
    Selector,
    AcceptVersion,
    Host,
    Login,
    Passcode,
    HeartBeat,

    /// <summary>`AMQ_SCHEDULED_DELAY` of ActiveMQ.</summary>
    ScheduledDelay,

    /// <summary>`AMQ_SCHEDULED_PERIOD`, `_REPEAT` or `_CRON`: what asks for a message again and again.</summary>
    ScheduledRepetition,

    /// <summary>How many there are, with <see cref="None"/>.</summary>
    Count,
}

internal static class KnownHeaders
{
    /// <summary>Which header the name stands for. Names are case-sensitive.</summary>
    public static KnownHeader Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when name.SequenceEqual("id"u8) => KnownHeader.Id,
        3 when name.SequenceEqual("ack"u8) => KnownHeader.Ack,
        4 when name.SequenceEqual("host"u8) => KnownHeader.Host,
        5 when name.SequenceEqual("login"u8) => KnownHeader.Login,
        7 when name.SequenceEqual("receipt"u8) => KnownHeader.Receipt,
        7 when name.SequenceEqual("user-id"u8) => KnownHeader.UserId,
        7 when name.SequenceEqual("requeue"u8) => KnownHeader.Requeue,
        8 => FindOfEight(name),
        10 => FindOfTen(name),
        11 => FindOfEleven(name),
        12 when name.SequenceEqual("subscription"u8) => KnownHeader.Subscription,
        14 => FindOfFourteen(name),
        18 when name.SequenceEqual("AMQ_SCHEDULED_CRON"u8) => KnownHeader.ScheduledRepetition,
        19 when name.SequenceEqual("AMQ_SCHEDULED_DELAY"u8) => KnownHeader.ScheduledDelay,
        20 when name.SequenceEqual("AMQ_SCHEDULED_PERIOD"u8) || name.SequenceEqual("AMQ_SCHEDULED_REPEAT"u8) =>
            KnownHeader.ScheduledRepetition,
        _ => KnownHeader.None,
    };

    /// <summary>As it stands on the wire, for messages to people: `content-length`.</summary>
    public static string WireName(this KnownHeader header) => header switch
    {
        KnownHeader.ScheduledDelay => "AMQ_SCHEDULED_DELAY",
        KnownHeader.ScheduledRepetition => "AMQ_SCHEDULED_PERIOD, _REPEAT or _CRON",
        _ => Hyphenated(header),
    };

    private static string Hyphenated(KnownHeader header) => string.Concat(
        header.ToString().Select((letter, at) => char.IsUpper(letter)
            ? (at == 0 ? "" : "-") + char.ToLowerInvariant(letter)
            : letter.ToString()));

    private static KnownHeader FindOfEight(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("priority"u8) ? KnownHeader.Priority
        : name.SequenceEqual("reply-to"u8) ? KnownHeader.ReplyTo
        : name.SequenceEqual("selector"u8) ? KnownHeader.Selector
        : name.SequenceEqual("passcode"u8) ? KnownHeader.Passcode
        : KnownHeader.None;

    private static KnownHeader FindOfTen(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("persistent"u8) ? KnownHeader.Persistent
        : name.SequenceEqual("expiration"u8) ? KnownHeader.Expiration
        : name.SequenceEqual("message-id"u8) ? KnownHeader.MessageId
        : name.SequenceEqual("heart-beat"u8) ? KnownHeader.HeartBeat
        : KnownHeader.None;

    private static KnownHeader FindOfEleven(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("destination"u8) ? KnownHeader.Destination
        : name.SequenceEqual("transaction"u8) ? KnownHeader.Transaction
        : name.SequenceEqual("redelivered"u8) ? KnownHeader.Redelivered
        : KnownHeader.None;

    private static KnownHeader FindOfFourteen(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("content-length"u8) ? KnownHeader.ContentLength
        : name.SequenceEqual("prefetch-count"u8) ? KnownHeader.PrefetchCount
        : name.SequenceEqual("accept-version"u8) ? KnownHeader.AcceptVersion
        : KnownHeader.None;
}
