namespace Posthaste.Broker.Formats;

/// <summary>
/// Where an answer is to be published: an exchange and a routing key. Every protocol has its own text for it; this is
/// the one of AMQP 0-9-1, whose responders publish to the default exchange with what `reply_to` says.
/// <code>
///  exchange ""           the routing key itself: a queue's name, or a requester that waits at amq.rabbitmq.reply-to.*
///  any other exchange    amq.reply-to. | exchange, with % as %25 and . as %2E | . | routing key
///
///  (amq.topic, sensors.1.answers)  ⇄  amq.reply-to.amq%2Etopic.sensors.1.answers
/// </code>
/// The default exchange understands such a key as a publish to the other exchange, so a responder that knows nothing of
/// it answers across protocols. Both directions are exact: a text that is not of this form is a routing key, and what
/// is of this form is written back the same.
/// </summary>
public readonly ref struct ReplyAddress
{
    /// <summary>Bytes that <see cref="TryParse"/> may need for the exchange's name.</summary>
    public const int ExchangeBytesMax = byte.MaxValue;

    private const int EscapeBytes = 3;

    /// <summary>An address; of an empty key and an empty exchange there is none.</summary>
    public ReplyAddress(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey)
    {
        Exchange = exchange;
        RoutingKey = routingKey;
    }

    /// <summary>What the text of an address in another than the default exchange begins with.</summary>
    public static ReadOnlySpan<byte> Prefix => "amq.reply-to."u8;

    /// <summary>Empty for the default exchange.</summary>
    public ReadOnlySpan<byte> Exchange { get; }

    public ReadOnlySpan<byte> RoutingKey { get; }

    /// <summary>Whether it says nothing.</summary>
    public bool IsNone => Exchange.IsEmpty && RoutingKey.IsEmpty;

    /// <summary>Bytes that <see cref="WriteText"/> writes.</summary>
    public int TextBytes
    {
        get
        {
            if (Exchange.IsEmpty)
                return RoutingKey.Length;
            var escaped = Exchange.Count((byte)'.') + Exchange.Count((byte)'%');
            return Prefix.Length + Exchange.Length + escaped * (EscapeBytes - 1) + 1 + RoutingKey.Length;
        }
    }

    /// <summary>Whether a key of the default exchange means another exchange.</summary>
    public static bool IsForwarding(ReadOnlySpan<byte> text) => text.StartsWith(Prefix);

    /// <summary>The address that a text means; the empty text means none.</summary>
    /// <param name="text">What an AMQP client has in `reply_to`.</param>
    /// <param name="scratch">Room for the exchange's name: <see cref="ExchangeBytesMax"/> bytes.</param>
    public static ReplyAddress Parse(ReadOnlySpan<byte> text, Span<byte> scratch) =>
        TryParse(text, scratch, out var address) ? address : new(default, text);

    /// <summary>The address in another than the default exchange that a text means; false if it means none.</summary>
    /// <inheritdoc cref="Parse"/>
    public static bool TryParse(ReadOnlySpan<byte> text, Span<byte> scratch, out ReplyAddress address)
    {
        address = default;
        if (!IsForwarding(text))
            return false;
        var rest = text[Prefix.Length..];
        var end = rest.IndexOf((byte)'.');
        if (end <= 0 || !TryUnescape(rest[..end], scratch, out var exchange))
            return false;
        address = new ReplyAddress(exchange, rest[(end + 1)..]);
        return true;
    }

    /// <summary>Writes the text of the address and returns how many bytes it took.</summary>
    public int WriteText(Span<byte> target)
    {
        if (Exchange.IsEmpty)
        {
            RoutingKey.CopyTo(target);
            return RoutingKey.Length;
        }

        Prefix.CopyTo(target);
        var at = Prefix.Length;
        foreach (var octet in Exchange)
        {
            if (octet is not ((byte)'.' or (byte)'%'))
            {
                target[at++] = octet;
                continue;
            }

            (octet == (byte)'.' ? "%2E"u8 : "%25"u8).CopyTo(target[at..]);
            at += EscapeBytes;
        }

        target[at++] = (byte)'.';
        RoutingKey.CopyTo(target[at..]);
        return at + RoutingKey.Length;
    }

    private static bool TryUnescape(ReadOnlySpan<byte> escaped, Span<byte> scratch, out ReadOnlySpan<byte> exchange)
    {
        exchange = default;
        var count = 0;
        while (!escaped.IsEmpty)
        {
            if (count == ExchangeBytesMax)
                return false;
            if (escaped[0] != (byte)'%')
            {
                scratch[count++] = escaped[0];
                escaped = escaped[1..];
                continue;
            }

            var isDot = escaped.StartsWith("%2E"u8);
            if (!isDot && !escaped.StartsWith("%25"u8))
                return false;
            scratch[count++] = isDot ? (byte)'.' : (byte)'%';
            escaped = escaped[EscapeBytes..];
        }

        exchange = scratch[..count];
        return true;
    }
}
