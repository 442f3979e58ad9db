using System.Buffers;
using Posthaste.Core.Formats;
using Posthaste.Core.Queues;

namespace Posthaste.Core.Messages;

/// <summary>All deaths of a message in one queue for one reason: an item of `x-death`.</summary>
/// <param name="Queue">Queue that it left.</param>
/// <param name="Reason">Why.</param>
/// <param name="Count">How often, from 1.</param>
/// <param name="Exchange">Exchange that it had been published to before the first of these deaths.</param>
/// <param name="RoutingKeys">Routing keys that it had then, `CC` included and `BCC` not.</param>
/// <param name="FirstTimeMs">First of these deaths, unix milliseconds; `x-death` shows this one, in seconds.</param>
/// <param name="LastTimeMs">Latest of these deaths.</param>
/// <param name="OriginalExpirationMs">
/// The message's own time to live before its first death took it away; null if it had none.
/// </param>
public sealed record Death(
    string Queue, DeadLetterReason Reason, long Count, string Exchange, IReadOnlyList<string> RoutingKeys,
    long FirstTimeMs, long LastTimeMs, long? OriginalExpirationMs);

/// <summary>Where and why a message died: what `x-first-death-*` and `x-last-death-*` show.</summary>
public readonly record struct DeathPlace(string Queue, DeadLetterReason Reason, string Exchange);

/// <summary>
/// The deaths of a message, newest first, one entry for each pair of queue and reason. Immutable.
/// <code>
/// +---------------+----------+---------------+----------------------------------------
/// | first death   | exchange | deaths u16    | deaths, newest first ...
/// | (a place)     | of the   |               |
/// |               | last one |               |
/// +---------------+----------+---------------+----------------------------------------
///  place   | queue | reason u8 | exchange |
///  death   | place | count i64 | first i64 | last i64 | expiration i64 (-1: none) | keys u16 | key ... |
/// </code>
/// Names and keys are texts as drawn at <see cref="StoredWriter"/>; numbers are little-endian, times unix milliseconds.
/// </summary>
public sealed class DeathHistory
{
    /// <summary>
    /// Most entries kept; the oldest is forgotten. 128: a message wanders through a handful of queues, and a loop
    /// through ever new ones must not grow it for ever.
    /// </summary>
    public const int CountMax = 128;

    /// <summary>
    /// Most routing keys noted for a death; the bound that `CC` has on its way in is the frame's size.
    /// </summary>
    public const int RoutingKeysMax = 256;

    private const long NoExpiration = -1;

    private readonly Death[] _deaths;

    private DeathHistory(Death[] deaths, DeathPlace first, string lastExchange)
    {
        _deaths = deaths;
        First = first;
        LastExchange = lastExchange;
    }

    /// <summary>The history of a message that never died.</summary>
    public static DeathHistory Empty { get; } = new([], default, "");

    public int Count => _deaths.Length;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<Death> Deaths => _deaths;

    /// <summary>The very first death; meaningless while <see cref="Count"/> is 0.</summary>
    public DeathPlace First { get; }

    /// <summary>The latest death; meaningless while <see cref="Count"/> is 0.</summary>
    public DeathPlace Last => Count == 0 ? default : new(_deaths[0].Queue, _deaths[0].Reason, LastExchange);

    private string LastExchange { get; }

    /// <summary>Reads the history out of a message's annotation section; empty if it has none.</summary>
    /// <exception cref="StoredFormatException">The section is damaged or of a newer version.</exception>
    public static DeathHistory Read(ReadOnlySpan<byte> annotations)
    {
        if (!MessageAnnotations.TryFind(annotations, AnnotationTag.DeathHistory, out var value))
            return Empty;

        var reader = new StoredReader(value);
        var first = ReadPlace(ref reader);
        var lastExchange = reader.ReadText();
        var count = reader.ReadUInt16();
        StoredReader.Require(count is > 0 and <= CountMax, "number of deaths");
        var deaths = new Death[count];
        for (var i = 0; i < deaths.Length; i++)
            deaths[i] = ReadDeath(ref reader);
        StoredReader.Require(reader.IsAtEnd, "bytes behind a death history");
        return new DeathHistory(deaths, first, lastExchange);
    }

    /// <summary>
    /// The history with one death more. A pair of queue and reason that is in already is counted up and comes to the
    /// front; exchange, routing keys and expiration stay as they were at its first death.
    /// </summary>
    public DeathHistory With(
        string queue, DeadLetterReason reason, string exchange, IReadOnlyList<string> routingKeys, long timeMs,
        long? originalExpirationMs = null)
    {
        var known = Array.Find(_deaths, death => death.Queue == queue && death.Reason == reason);
        var newest = known is null
            ? new Death(
                queue, reason, 1, exchange, [.. routingKeys.Take(RoutingKeysMax)], timeMs, timeMs, originalExpirationMs)
            : known with { Count = known.Count + 1, LastTimeMs = timeMs };
        var others = _deaths.Where(death => !ReferenceEquals(death, known)).Take(CountMax - 1);
        return new([newest, .. others], Count == 0 ? new(queue, reason, exchange) : First, exchange);
    }

    /// <summary>
    /// Whether sending the message to this queue closes a circle that no client took part in: it died there before, and
    /// since then nobody has rejected it. Such a message would go round for ever; it is dropped.
    /// </summary>
    public bool IsCycle(string queue)
    {
        foreach (var death in _deaths)
        {
            if (death.Reason == DeadLetterReason.Rejected)
                return false;
            if (death.Queue == queue)
                return true;
        }

        return false;
    }

    /// <summary>Writes the annotation section that holds this history; nothing for the empty one.</summary>
    public void Write(IBufferWriter<byte> to) => MessageAnnotations.Write(this, to);

    internal void WriteValue(IBufferWriter<byte> to)
    {
        WritePlace(to, First);
        to.WriteText(LastExchange);
        to.WriteUInt16((ushort)_deaths.Length);
        foreach (var death in _deaths)
        {
            WritePlace(to, new(death.Queue, death.Reason, death.Exchange));
            to.WriteInt64(death.Count);
            to.WriteInt64(death.FirstTimeMs);
            to.WriteInt64(death.LastTimeMs);
            to.WriteInt64(death.OriginalExpirationMs ?? NoExpiration);
            to.WriteUInt16((ushort)death.RoutingKeys.Count);
            foreach (var key in death.RoutingKeys)
                to.WriteText(key);
        }
    }

    private static Death ReadDeath(ref StoredReader reader)
    {
        var place = ReadPlace(ref reader);
        var count = reader.ReadInt64();
        var firstTimeMs = reader.ReadInt64();
        var lastTimeMs = reader.ReadInt64();
        var expirationMs = reader.ReadInt64();
        var keyCount = reader.ReadUInt16();
        StoredReader.Require(keyCount <= RoutingKeysMax, "number of routing keys");
        var keys = new string[keyCount];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = reader.ReadText();
        return new Death(
            place.Queue, place.Reason, count, place.Exchange, keys, firstTimeMs, lastTimeMs,
            expirationMs == NoExpiration ? null : expirationMs);
    }

    private static void WritePlace(IBufferWriter<byte> to, DeathPlace place)
    {
        to.WriteText(place.Queue);
        to.WriteByte((byte)place.Reason);
        to.WriteText(place.Exchange);
    }

    private static DeathPlace ReadPlace(ref StoredReader reader)
    {
        var queue = reader.ReadText();
        var reason = (DeadLetterReason)reader.ReadByte();
        StoredReader.Require(Enum.IsDefined(reason), "reason of a death");
        return new(queue, reason, reader.ReadText());
    }
}
