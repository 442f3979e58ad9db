using System.Globalization;
using System.Text;
using Posthaste.Broker.Sessions;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Format;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// What the broker makes of properties that mean something to it: expiration, user-id, reply-to, and the headers CC and
/// BCC. Most messages have none of them and never come here.
/// </summary>
internal readonly ref struct InspectedProperties
{
    // As RabbitMQ: the longest timer of Erlang, 2^32 - 1 ms or 49.7 days.
    private const long ExpirationMsMax = uint.MaxValue;

    private readonly BasicPropertiesReader _original;
    private readonly byte[]? _replyTo;
    private readonly byte[]? _headers;

    private InspectedProperties(
        BasicPropertiesReader original, long? ttlMs, IReadOnlyList<byte[]>? extraKeys, byte[]? replyTo, byte[]? headers)
    {
        _original = original;
        _replyTo = replyTo;
        _headers = headers;
        TtlMs = ttlMs;
        ExtraKeys = extraKeys;
    }

    /// <summary>The message's own time to live; null for none.</summary>
    public long? TtlMs { get; }

    /// <summary>The keys of CC and BCC; null for none.</summary>
    public IReadOnlyList<byte[]>? ExtraKeys { get; }

    /// <summary>Whether the properties are to be stored otherwise than they came.</summary>
    public bool IsEdited => _replyTo is not null || _headers is not null;

    public static bool IsNeeded(in BasicPropertiesReader properties) =>
        properties.Has(BasicProperty.Headers) || properties.Has(BasicProperty.ReplyTo)
        || properties.Has(BasicProperty.Expiration) || properties.Has(BasicProperty.UserId);

    public static WireError Inspect(
        BasicPropertiesReader properties, AmqpChannel channel, out InspectedProperties inspected)
    {
        inspected = default;
        if (!FieldTableReader.IsValid(properties.Headers))
            return WireError.MalformedContentHeader(MethodId.BasicPublish);
        byte[]? replyTo = null;
        if (properties.ReplyTo.SequenceEqual("amq.rabbitmq.reply-to"u8))
        {
            replyTo = channel.ReplyName;
            if (replyTo is null)
                return Precondition("fast reply consumer does not exist");
        }

        long? ttlMs = null;
        if (properties.Has(BasicProperty.Expiration))
        {
            if (CheckExpiration(properties.Expiration, out ttlMs) is { } fault)
                return Precondition($"invalid expiration '{Encoding.UTF8.GetString(properties.Expiration)}': {fault}");
        }

        if (properties.Has(BasicProperty.UserId) && CheckUserId(properties.UserId, channel) is { } refused)
            return refused;
        var unacceptable = RoutingHeaders.Read(properties.Headers, out var extraKeys, out var withoutBcc);
        if (unacceptable is not null)
            return Precondition($"invalid message: {unacceptable}");
        inspected = new InspectedProperties(properties, ttlMs, extraKeys, replyTo, withoutBcc);
        return default;
    }

    /// <summary>The properties as they are stored, in the scratch.</summary>
    /// <param name="isDelayed">Blind copies are made later: their keys are kept until then.</param>
    public ReadOnlySpan<byte> Encoded(bool isDelayed, ReadScope scope)
    {
        var edit = new BasicPropertiesEdit(_original);
        if (_replyTo is not null)
            edit.SetReplyTo(_replyTo);
        if (_headers is not null && !isDelayed)
            edit.SetHeaders(_headers);
        var target = scope.Take(edit.Bytes);
        edit.Write(target);
        return target;
    }

    // The words behind the colon are RabbitMQ's, which are Erlang terms.
    private static string? CheckExpiration(ReadOnlySpan<byte> text, out long? ttlMs)
    {
        ttlMs = null;
        var digits = text.Length > 0 && text[0] is (byte)'-' or (byte)'+' ? 1 : 0;
        var end = digits;
        while (end < text.Length && char.IsAsciiDigit((char)text[end]))
            end++;
        if (end == digits)
            return "no_integer";
        if (end < text.Length)
            return $"{{leftover_string,\"{Encoding.UTF8.GetString(text[end..])}\"}}";
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            || value > ExpirationMsMax)
            return $"{{value_too_big,{Encoding.UTF8.GetString(text)}}}";
        if (value < 0)
            return $"{{value_negative,{value}}}";
        ttlMs = value;
        return null;
    }

    private static WireError? CheckUserId(ReadOnlySpan<byte> userId, AmqpChannel channel)
    {
        var user = channel.Owner.User;
        var claimed = Encoding.UTF8.GetString(userId);
        return user.MayImpersonate || claimed == user.Name
            ? null
            : Precondition($"user_id property set to '{claimed}' but authenticated user was '{user.Name}'");
    }

    private static WireError Precondition(string text) =>
        new(ReplyCode.PreconditionFailed, text, MethodId.BasicPublish);
}
