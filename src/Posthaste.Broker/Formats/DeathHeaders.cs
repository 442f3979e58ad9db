using System.Globalization;
using System.Text;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Formats;

/// <summary>The headers that tell of a message's deaths: `x-death`, `x-first-death-*`, `x-last-death-*`.</summary>
public static class DeathHeaders
{
    private const long MsPerSecond = 1000;

    /// <summary>
    /// Whether the message was dead-lettered under another routing key than its own. CC then no longer holds; it goes
    /// on while the key is kept.
    /// </summary>
    public static bool HasLostCc(in MessageView message)
    {
        if (message.Annotations.IsEmpty)
            return false;
        var history = DeathHistory.Read(message.Annotations);
        return history.Count > 0 && HasLostCc(history, message.RoutingKey);
    }

    /// <summary>The headers of a message with its deaths added.</summary>
    public static FieldTable AddTo(FieldTable headers, in MessageView message)
    {
        var history = DeathHistory.Read(message.Annotations);
        if (history.Count == 0)
            return headers;
        if (HasLostCc(history, message.RoutingKey))
            headers = headers.Without("CC");
        var deaths = new FieldValue[history.Count];
        for (var i = 0; i < deaths.Length; i++)
            deaths[i] = ToTable(history.Deaths[i]);
        return AddPlace(AddPlace(headers, "x-first-death", history.First), "x-last-death", history.Last)
            .With("x-death", FieldValue.Array(deaths));
    }

    /// <summary>
    /// Adds them to properties in canonical form, in place of what a publisher had under these names.
    /// </summary>
    internal static void AddTo(MessageProperties properties, in MessageView message)
    {
        if (HasLostCc(message))
            properties.RemoveHeaders("CC"u8);
        var content = FieldTableCodec.Encode(AddTo(FieldTable.Empty, message));
        foreach (var field in new FieldTableReader(content))
            properties.RemoveHeaders(field.Key);
        properties.AddHeaders(content);
    }

    private static bool HasLostCc(DeathHistory history, ReadOnlySpan<byte> routingKey) =>
        history.Deaths[0].RoutingKeys is [var first, ..] && first != Encoding.UTF8.GetString(routingKey);

    private static FieldTable AddPlace(FieldTable headers, string prefix, in DeathPlace place) => headers
        .With($"{prefix}-exchange", place.Exchange)
        .With($"{prefix}-queue", place.Queue)
        .With($"{prefix}-reason", Name(place.Reason));

    private static FieldTable ToTable(Death death)
    {
        FieldTable table =
        [
            new("count", death.Count),
            new("reason", Name(death.Reason)),
            new("queue", death.Queue),
            new("time", FieldValue.Timestamp((ulong)(death.FirstTimeMs / MsPerSecond))),
            new("exchange", death.Exchange),
            new("routing-keys", FieldValue.Array([.. death.RoutingKeys.Select(FieldValue.String)])),
        ];
        return death.OriginalExpirationMs is { } expiration
            ? table.With("original-expiration", expiration.ToString(CultureInfo.InvariantCulture))
            : table;
    }

    /// <summary>What `x-death` calls it.</summary>
    public static string Name(DeadLetterReason reason) => reason switch
    {
        DeadLetterReason.Rejected => "rejected",
        DeadLetterReason.Expired => "expired",
        DeadLetterReason.MaxLength => "maxlen",
        DeadLetterReason.DeliveryLimit => "delivery_limit",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "not a reason to die"),
    };
}
