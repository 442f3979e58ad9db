using System.Buffers.Binary;

namespace Posthaste.Protocols.Amqp091.Wire.Content;

/// <summary>
/// Encoded properties with a few of them replaced, added or removed, for what a broker changes on a message's way:
/// headers and expiration when dead-lettering, reply-to for direct replies. Everything else is copied byte by byte.
/// Allocates nothing.
/// </summary>
/// <example>
/// <code>
/// var edit = new BasicPropertiesEdit(properties);
/// edit.SetHeaders(headers);
/// edit.Remove(BasicProperty.Expiration);
/// var bytes = edit.Write(destination); // destination.Length >= edit.Bytes
/// </code>
/// </example>
public ref struct BasicPropertiesEdit
{
    private readonly BasicPropertiesReader _original;
    private int _flags;
    private int _replacedFlags;
    private ReadOnlySpan<byte> _headers;
    private ReadOnlySpan<byte> _replyTo;
    private ReadOnlySpan<byte> _expiration;

    /// <summary>Begins with everything as it is.</summary>
    public BasicPropertiesEdit(BasicPropertiesReader original)
    {
        _original = original;
        _flags = original.Flags;
    }

    /// <summary>Bytes that <see cref="Write"/> will write.</summary>
    public readonly int Bytes
    {
        get
        {
            var bytes = BasicPropertiesReader.FlagsBytes;
            for (var property = BasicProperty.ContentType; property <= BasicProperty.ClusterId; property++)
            {
                if (IsReplaced(property))
                    bytes += PrefixBytes(property) + Replacement(property).Length;
                else if (Has(property))
                    bytes += _original.Value(property).Length;
            }

            return bytes;
        }
    }

    /// <summary>Takes a property out, whether or not it is there.</summary>
    public void Remove(BasicProperty property)
    {
        _flags &= ~property.Flag();
        _replacedFlags &= ~property.Flag();
    }

    /// <summary>Sets the headers to this table content, which comes without a length.</summary>
    public void SetHeaders(ReadOnlySpan<byte> content)
    {
        _headers = content;
        Replace(BasicProperty.Headers);
    }

    /// <summary>Sets reply-to; at most 255 bytes.</summary>
    public void SetReplyTo(ReadOnlySpan<byte> replyTo)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(replyTo.Length, ShortStrings.BytesMax);
        _replyTo = replyTo;
        Replace(BasicProperty.ReplyTo);
    }

    /// <summary>Sets the expiration, decimal milliseconds; at most 255 bytes.</summary>
    public void SetExpiration(ReadOnlySpan<byte> expiration)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(expiration.Length, ShortStrings.BytesMax);
        _expiration = expiration;
        Replace(BasicProperty.Expiration);
    }

    /// <summary>Writes flags and list, and returns <see cref="Bytes"/>.</summary>
    public readonly int Write(scoped Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)_flags);
        var at = BasicPropertiesReader.FlagsBytes;
        for (var property = BasicProperty.ContentType; property <= BasicProperty.ClusterId; property++)
        {
            if (!Has(property))
                continue;
            if (IsReplaced(property))
                at += WritePrefix(property, destination[at..]);
            var value = IsReplaced(property) ? Replacement(property) : _original.Value(property);
            value.CopyTo(destination[at..]);
            at += value.Length;
        }

        return at;
    }

    private void Replace(BasicProperty property)
    {
        _flags |= property.Flag();
        _replacedFlags |= property.Flag();
    }

    private readonly bool Has(BasicProperty property) => (_flags & property.Flag()) != 0;

    private readonly bool IsReplaced(BasicProperty property) => (_replacedFlags & property.Flag()) != 0;

    private readonly ReadOnlySpan<byte> Replacement(BasicProperty property) => property switch
    {
        BasicProperty.Headers => _headers,
        BasicProperty.ReplyTo => _replyTo,
        _ => _expiration,
    };

    private static int PrefixBytes(BasicProperty property) => property == BasicProperty.Headers ? sizeof(uint) : 1;

    private readonly int WritePrefix(BasicProperty property, Span<byte> destination)
    {
        var length = Replacement(property).Length;
        if (property == BasicProperty.Headers)
            BinaryPrimitives.WriteInt32BigEndian(destination, length);
        else
            destination[0] = (byte)length;
        return PrefixBytes(property);
    }
}
