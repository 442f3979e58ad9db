using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Posthaste.Broker;
using Posthaste.Core.Notes;
using Posthaste.Protocols.Mqtt.Wire.Packets;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>How long a session lasts.</summary>
/// <param name="ExpiryS">Seconds that it outlives its connection.</param>
/// <param name="EndsAtMs">When it ends, or <see cref="IsConnected"/>.</param>
/// <param name="WillAtMs">When its will is due.</param>
internal readonly record struct SessionFacts(uint ExpiryS, long EndsAtMs, long WillAtMs)
{
    /// <summary>Stands for the end of a session that a connection has.</summary>
    public const long IsConnected = 0;

    public const int Bytes = sizeof(uint) + (2 * sizeof(long));

    public static SessionFacts Read(ReadOnlySpan<byte> value) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(value),
        BinaryPrimitives.ReadInt64LittleEndian(value[sizeof(uint)..]),
        BinaryPrimitives.ReadInt64LittleEndian(value[(sizeof(uint) + sizeof(long))..]));

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, ExpiryS);
        BinaryPrimitives.WriteInt64LittleEndian(to[sizeof(uint)..], EndsAtMs);
        BinaryPrimitives.WriteInt64LittleEndian(to[(sizeof(uint) + sizeof(long))..], WillAtMs);
    }
}

/// <summary>
/// What is remembered of a client's session, as notes of its virtual host. All of them begin with the same bytes, so
/// one record removes them. Numbers are little-endian.
/// <code>
///  key    "mqtt" 0 client-id 0 kind ...                value
///         kind s                                       expiry s u32 | ends at, unix ms i64 | will at, unix ms i64
///         kind w                                       the will: see StoredWill
///         kind f  0 filter, or 1 SHA-256 of it         options u8 | flags u8 | identifier u32 | filter
///         kind r  packet id u16                        (received with QoS 2, not released)
///         kind o  packet id u16                        order u64 (sent with QoS 2, PUBREC has come)
/// </code>
/// Client identifiers and filters hold no zero, so no key begins like another session's.
/// </summary>
internal sealed class SessionStore(VirtualHost host, string clientId)
{
    private const byte FactsKind = (byte)'s';
    private const byte WillKind = (byte)'w';
    private const byte FilterKind = (byte)'f';
    private const byte ReceivedKind = (byte)'r';
    private const byte ReleasedKind = (byte)'o';

    private const int FilterFixedBytes = 2 + sizeof(uint);
    private const byte UsesQueueFlag = 1;

    // Longer filters are named by their hash: a key has 1,024 bytes at most, and up to 233 are the client's.
    private const int FilterInKeyBytesMax = 512;

    private readonly byte[] _prefix = [.. Root, .. Encoding.UTF8.GetBytes(clientId), 0];

    /// <summary>What the keys of all notes of this protocol begin with.</summary>
    public static byte[] Root { get; } = [.. "mqtt\0"u8];

    /// <summary>The clients of which something is remembered.</summary>
    public static List<string> ClientsOf(VirtualHost host)
    {
        var clients = new List<string>();
        foreach (var note in host.Notes.WithPrefix(Root))
        {
            var rest = note.Key[Root.Length..];
            var clientId = Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
            if (clients.Count == 0 || clients[^1] != clientId)
                clients.Add(clientId);
        }

        return clients;
    }

    public NoteRefusal SetFacts(SessionFacts facts)
    {
        Span<byte> value = stackalloc byte[SessionFacts.Bytes];
        facts.Write(value);
        return host.Notes.Set(Key(FactsKind), value);
    }

    public SessionFacts? TryGetFacts() =>
        host.Notes.TryGet(Key(FactsKind), out var note) ? SessionFacts.Read(note.Value) : null;

    public NoteRefusal SetWill(StoredWill will) => host.Notes.Set(WillKey, will.Bytes);

    public void RemoveWill() => host.Notes.Remove(WillKey);

    public StoredWill? TryGetWill() => host.Notes.TryGet(WillKey, out var note) ? StoredWill.Of(note.Value) : null;

    public byte[] WillKey => Key(WillKind);

    public NoteRefusal SetFilter(TopicSubscription subscription)
    {
        var filter = Encoding.UTF8.GetBytes(subscription.Filter);
        var value = new byte[FilterFixedBytes + filter.Length];
        value[0] = new Subscription
        {
            MaximumQoS = subscription.MaxQoS,
            NoLocal = subscription.NoLocal,
            RetainAsPublished = subscription.RetainAsPublished,
            RetainHandling = subscription.Retained,
        }.Options;
        value[1] = subscription.UsesSessionQueue ? UsesQueueFlag : (byte)0;
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(2), subscription.Identifier);
        filter.CopyTo(value, FilterFixedBytes);
        return host.Notes.Set(FilterKey(filter), value);
    }

    public void RemoveFilter(string filter) => host.Notes.Remove(FilterKey(Encoding.UTF8.GetBytes(filter)));

    /// <summary>The shared filters that the session subscribes to.</summary>
    public List<string> SharedFilters()
    {
        var filters = new List<string>();
        foreach (var note in host.Notes.WithPrefix(Key(FilterKind)))
        {
            var filter = Encoding.UTF8.GetString(note.Value[FilterFixedBytes..]);
            if (SharedGroup.IsShared(filter))
                filters.Add(filter);
        }

        return filters;
    }

    /// <summary>Fills a session with what is remembered of it.</summary>
    public void Load(MqttSession session)
    {
        foreach (var note in host.Notes.WithPrefix(Key(FilterKind)))
            session.Subscriptions.Set(ReadFilter(note.Value));
        foreach (var note in host.Notes.WithPrefix(Key(ReceivedKind)))
            session.Received.Add(BinaryPrimitives.ReadUInt16BigEndian(note.Key[^sizeof(ushort)..]));
        session.RestoreReleased(ReadReleased());
    }

    /// <summary>The key that says: received with QoS 2.</summary>
    public byte[] ReceivedKey(ushort packetId) => Key(ReceivedKind, packetId);

    /// <summary>The key that says: sent with QoS 2, and PUBREC has come.</summary>
    public byte[] ReleasedKey(ushort packetId) => Key(ReleasedKind, packetId);

    /// <summary>What is remembered with <see cref="ReleasedKey"/>: which PUBREC of the session it was.</summary>
    public static byte[] ReleasedValue(ulong order)
    {
        var value = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(value, order);
        return value;
    }

    private List<(ulong Order, ushort PacketId)> ReadReleased()
    {
        var released = new List<(ulong, ushort)>();
        foreach (var note in host.Notes.WithPrefix(Key(ReleasedKind)))
        {
            // Notes of earlier versions are empty: those come first, in the order of their identifiers.
            BinaryPrimitives.TryReadUInt64LittleEndian(note.Value, out var order);
            released.Add((
                order,
                BinaryPrimitives.ReadUInt16BigEndian(note.Key[^sizeof(ushort)..])));
        }

        return released;
    }

    /// <summary>The session has ended.</summary>
    public void RemoveAll() => host.Notes.RemoveAll(_prefix);

    private static TopicSubscription ReadFilter(ReadOnlySpan<byte> value)
    {
        var options = Subscription.Of(default, value[0]);
        return new TopicSubscription(Encoding.UTF8.GetString(value[FilterFixedBytes..]))
        {
            MaxQoS = options.MaximumQoS,
            NoLocal = options.NoLocal,
            RetainAsPublished = options.RetainAsPublished,
            Retained = options.RetainHandling,
            UsesSessionQueue = (value[1] & UsesQueueFlag) != 0,
            Identifier = BinaryPrimitives.ReadUInt32LittleEndian(value[2..]),
        };
    }

    private byte[] Key(byte kind) => [.. _prefix, kind];

    // Big-endian, so that notes come in the order of their numbers.
    private byte[] Key(byte kind, ushort packetId) => [.. _prefix, kind, (byte)(packetId >> 8), (byte)packetId];

    private byte[] FilterKey(byte[] filter) => filter.Length <= FilterInKeyBytesMax
        ? [.. _prefix, FilterKind, 0, .. filter]
        : [.. _prefix, FilterKind, 1, .. SHA256.HashData(filter)];
}
