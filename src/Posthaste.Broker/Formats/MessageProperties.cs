namespace Posthaste.Broker.Formats;

/// <summary>
/// The properties of a message in no protocol's words: the canonical form, through which what one protocol published
/// is shown by another. A message is stored as it came; this is read from it when somebody else asks.
/// docs/protocols/mapping.md has the tables.
/// </summary>
/// <remarks>
/// <para>
/// Made to be used again: values are copied into one buffer, <see cref="Clear"/> empties it, and after the first
/// messages nothing is allocated. One thread at a time; see <see cref="ForThisThread"/>. Spans that it gives out are
/// valid until the next change.
/// </para>
/// <para>
/// Texts are UTF-8, of any length. An empty one says the same as none: no protocol's clients tell them apart.
/// </para>
/// </remarks>
public sealed partial class MessageProperties
{
    // What a message with some hundred headers takes. More is given back when the next message is read.
    private const int KeptBytesMax = 64 * 1024;
    private const int FirstBytes = 512;

    [ThreadStatic]
    private static MessageProperties? _forThisThread;

    private byte[] _bytes = new byte[FirstBytes];
    private int _count;
    private Texts _texts;
    private Slice _replyExchange;

    /// <summary>
    /// An object for work that runs on this thread from start to end, without an await and without reading another
    /// message in between.
    /// </summary>
    public static MessageProperties ForThisThread => _forThisThread ??= new MessageProperties();

    /// <summary>Whether the publisher asked for the message to survive a restart.</summary>
    public bool IsPersistent { get; set; }

    /// <summary>Whether the publisher says that the body is UTF-8 text (MQTT's payload format indicator).</summary>
    public bool IsBodyText { get; set; }

    /// <summary>Higher ones first, in queues that look at it; null if the publisher does not say.</summary>
    public byte? Priority { get; set; }

    /// <summary>
    /// The time to live that the publisher gave the message, in milliseconds from when the broker received it; null
    /// for none.
    /// </summary>
    public long? ExpirationMs { get; set; }

    /// <summary>
    /// When the publisher made the message, in seconds since 1970-01-01 UTC; null if it does not say.
    /// </summary>
    public ulong? TimestampS { get; set; }

    public ReadOnlySpan<byte> ContentType
    {
        get => this[MessageText.ContentType];
        set => Set(MessageText.ContentType, value);
    }

    public ReadOnlySpan<byte> ContentEncoding
    {
        get => this[MessageText.ContentEncoding];
        set => Set(MessageText.ContentEncoding, value);
    }

    /// <summary>
    /// What the requester wants to see again in the answer: bytes of any kind. Protocols that have only text for it
    /// use <see cref="BinaryText"/>, both ways.
    /// </summary>
    public ReadOnlySpan<byte> CorrelationId
    {
        get => this[MessageText.CorrelationId];
        set => Set(MessageText.CorrelationId, value);
    }

    /// <summary>The publisher's own name of the message.</summary>
    public ReadOnlySpan<byte> MessageId
    {
        get => this[MessageText.MessageId];
        set => Set(MessageText.MessageId, value);
    }

    public ReadOnlySpan<byte> Type
    {
        get => this[MessageText.Type];
        set => Set(MessageText.Type, value);
    }

    /// <summary>The user who published it, as the broker has checked.</summary>
    public ReadOnlySpan<byte> UserId
    {
        get => this[MessageText.UserId];
        set => Set(MessageText.UserId, value);
    }

    public ReadOnlySpan<byte> AppId
    {
        get => this[MessageText.AppId];
        set => Set(MessageText.AppId, value);
    }

    /// <summary>Where the answer goes; none if the publisher wants none.</summary>
    public ReplyAddress ReplyTo
    {
        get => new(At(_replyExchange), this[MessageText.ReplyKey]);
        set
        {
            _replyExchange = Keep(value.Exchange);
            Set(MessageText.ReplyKey, value.RoutingKey);
        }
    }

    private ReadOnlySpan<byte> this[MessageText text] => At(_texts[(int)text]);

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        if (_bytes.Length > KeptBytesMax)
            _bytes = new byte[FirstBytes];
        _count = 0;
        _texts = default;
        _replyExchange = default;
        _headerCount = 0;
        IsPersistent = false;
        IsBodyText = false;
        Priority = null;
        ExpirationMs = null;
        TimestampS = null;
    }

    /// <summary>
    /// Sets the correlation id from its text in a protocol that has only text for it; see <see cref="BinaryText"/>.
    /// </summary>
    public void SetCorrelationText(ReadOnlySpan<byte> text)
    {
        Reserve(text.Length);
        var count = BinaryText.Read(text, _bytes.AsSpan(_count));
        _texts[(int)MessageText.CorrelationId] = new Slice(_count, count);
        _count += count;
    }

    /// <summary>Sets the reply address from its text in AMQP; see <see cref="ReplyAddress"/>.</summary>
    public void SetReplyText(ReadOnlySpan<byte> text) =>
        ReplyTo = ReplyAddress.Parse(text, stackalloc byte[ReplyAddress.ExchangeBytesMax]);

    private void Set(MessageText text, ReadOnlySpan<byte> value) => _texts[(int)text] = Keep(value);

    private ReadOnlySpan<byte> At(Slice slice) => _bytes.AsSpan(slice.Start, slice.Length);

    private Slice Keep(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
            return default;
        Reserve(value.Length);
        value.CopyTo(_bytes.AsSpan(_count));
        var slice = new Slice(_count, value.Length);
        _count += value.Length;
        return slice;
    }

    // The old array stays with whoever still looks at a span of it: a value may be set from another of this object.
    private void Reserve(int bytes)
    {
        if (_bytes.Length - _count < bytes)
            Array.Resize(ref _bytes, int.Max(_bytes.Length * 2, _count + bytes));
    }

    private readonly record struct Slice(int Start, int Length);

    /// <summary>The texts, and what of the address is one.</summary>
    private enum MessageText
    {
        ContentType,
        ContentEncoding,
        CorrelationId,
        ReplyKey,
        MessageId,
        Type,
        UserId,
        AppId,
        Count,
    }

    [System.Runtime.CompilerServices.InlineArray((int)MessageText.Count)]
    private struct Texts
    {
        private Slice _first;
    }
}
