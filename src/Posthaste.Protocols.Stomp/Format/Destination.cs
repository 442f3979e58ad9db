using System.Text;
using System.Text.Unicode;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Format;

/// <summary>What a destination names.</summary>
internal enum DestinationKind
{
    /// <summary>`/queue/NAME`: a queue that SEND and SUBSCRIBE declare.</summary>
    Queue,

    /// <summary>`/amq/queue/NAME` or `/reply-queue/NAME`: a queue that somebody else has declared.</summary>
    ExistingQueue,

    /// <summary>`/topic/KEY`: the exchange amq.topic.</summary>
    Topic,

    /// <summary>`/exchange/NAME[/KEY]`.</summary>
    Exchange,

    /// <summary>`/temp-queue/NAME`: a queue of the session, only in `reply-to`.</summary>
    TemporaryQueue,
}

/// <summary>
/// A destination as RabbitMQ's STOMP adapter has them, resolved to exchange and routing key. Names are
/// percent-encoded: `%2F` stands for a slash, any `%XX` for its byte.
/// </summary>
internal sealed class Destination
{
    private const int NameBytesMax = 255;

    private static readonly byte[] TopicExchange = "amq.topic"u8.ToArray();

    private Destination(DestinationKind kind, byte[] exchange, byte[] key)
    {
        Kind = kind;
        Exchange = exchange;
        Key = key;
    }

    public DestinationKind Kind { get; }

    /// <summary>The exchange that a SEND publishes to; empty for the default one.</summary>
    public byte[] Exchange { get; }

    /// <summary>The routing key; of a queue its name.</summary>
    public byte[] Key { get; }

    /// <summary>The routing key, or the queue's name, as text.</summary>
    public string KeyText => Encoding.UTF8.GetString(Key);

    /// <summary>Reads a destination, without the escapes of headers.</summary>
    /// <returns>What is wrong with it, in RabbitMQ's words; no error if nothing is.</returns>
    public static StompError Parse(ReadOnlySpan<byte> text, out Destination destination)
    {
        destination = null!;
        if (TryCut(text, "/queue"u8, out var rest) || TryCut(text, "/temp-queue"u8, out rest)
            || TryCut(text, "/topic"u8, out rest) || TryCut(text, "/amq/queue"u8, out rest))
        {
            var kind = text[1] switch
            {
                (byte)'q' => DestinationKind.Queue,
                (byte)'a' => DestinationKind.ExistingQueue,
                _ => text[2] == 'e' ? DestinationKind.TemporaryQueue : DestinationKind.Topic,
            };
            if (rest.IsEmpty || rest.Contains((byte)'/'))
                return Invalid(text, kind);
            return Create(kind, kind == DestinationKind.Topic ? TopicExchange : [], rest, out destination);
        }

        if (TryCut(text, "/reply-queue"u8, out rest) && !rest.IsEmpty)
            return Create(DestinationKind.ExistingQueue, [], rest, out destination);
        if (TryCut(text, "/exchange"u8, out rest))
            return ParseExchange(text, rest, out destination);
        if (text.StartsWith("anycast://"u8) && text.Length > "anycast://".Length)
            return Create(DestinationKind.Queue, [], text["anycast://".Length..], out destination);
        if (text.StartsWith("multicast://"u8) && text.Length > "multicast://".Length)
            return Create(DestinationKind.Topic, TopicExchange, text["multicast://".Length..], out destination);
        if (!text.IsEmpty && !text.Contains((byte)'/'))
            return Create(DestinationKind.Queue, [], text, out destination);
        return new(
            "Unknown destination",
            $"'{Encoding.UTF8.GetString(text)}' is not a valid destination.\nValid destination types are: " +
            "/temp-queue, /exchange, /topic, /queue, /amq/queue, /reply-queue.");
    }

    /// <summary>The destination that a SEND with this exchange and key would have had.</summary>
    public static byte[] Format(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> key)
    {
        if (exchange.IsEmpty)
            return [.. "/queue/"u8, .. PercentEncoding.Encode(key)];
        if (exchange.SequenceEqual(TopicExchange))
            return [.. "/topic/"u8, .. PercentEncoding.Encode(key)];
        var name = PercentEncoding.Encode(exchange);
        return key.IsEmpty
            ? [.. "/exchange/"u8, .. name]
            : [.. "/exchange/"u8, .. name, .. "/"u8, .. PercentEncoding.Encode(key)];
    }

    /// <summary>The destination to answer to, which declares nothing.</summary>
    public static byte[] FormatReply(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> key) =>
        exchange.IsEmpty ? [.. "/reply-queue/"u8, .. PercentEncoding.Encode(key)] : Format(exchange, key);

    private static StompError ParseExchange(
        ReadOnlySpan<byte> text, ReadOnlySpan<byte> rest, out Destination destination)
    {
        destination = null!;
        var slash = rest.IndexOf((byte)'/');
        var name = slash < 0 ? rest : rest[..slash];
        var key = slash < 0 ? default : rest[(slash + 1)..];
        if (name.IsEmpty || key.Contains((byte)'/'))
            return Invalid(text, DestinationKind.Exchange);
        return Create(DestinationKind.Exchange, PercentEncoding.Decode(name), key, out destination);
    }

    private static StompError Create(
        DestinationKind kind, byte[] exchange, ReadOnlySpan<byte> key, out Destination destination)
    {
        destination = new Destination(kind, exchange, PercentEncoding.Decode(key));
        if (exchange.Length > NameBytesMax || (exchange.Length == 0 && destination.Key.Length > NameBytesMax))
            return new("Invalid destination", $"a name has at most {NameBytesMax} bytes");
        return Utf8.IsValid(exchange) && Utf8.IsValid(destination.Key)
            ? default
            : new("Invalid destination", "names and routing keys have to be UTF-8");
    }

    private static bool TryCut(ReadOnlySpan<byte> text, ReadOnlySpan<byte> prefix, out ReadOnlySpan<byte> rest)
    {
        rest = default;
        if (!text.StartsWith(prefix) || (text.Length > prefix.Length && text[prefix.Length] != '/'))
            return false;
        rest = text.Length > prefix.Length ? text[(prefix.Length + 1)..] : default;
        return true;
    }

    private static StompError Invalid(ReadOnlySpan<byte> text, DestinationKind kind)
    {
        var type = kind switch
        {
            DestinationKind.ExistingQueue => "amqqueue",
            DestinationKind.TemporaryQueue => "temp_queue",
            _ => kind.ToString().ToLowerInvariant(),
        };
        return new("Invalid destination", $"'{Encoding.UTF8.GetString(text)}' is not a valid {type} destination");
    }
}
