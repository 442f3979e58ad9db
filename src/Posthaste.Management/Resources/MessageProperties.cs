using System.Text.Json.Nodes;
using Posthaste.Management.Http;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Management.Resources;

/// <summary>Properties of messages as the API has them, under AMQP's names.</summary>
internal static class MessageProperties
{
    public static JsonObject ToJson(BasicProperties properties)
    {
        var json = new JsonObject();
        Add("content_type", properties.ContentType);
        Add("content_encoding", properties.ContentEncoding);
        if (properties.Headers is { } headers) json["headers"] = Json.From(headers);
        if (properties.DeliveryMode is { } mode) json["delivery_mode"] = mode;
        if (properties.Priority is { } priority) json["priority"] = priority;
        Add("correlation_id", properties.CorrelationId);
        Add("reply_to", properties.ReplyTo);
        Add("expiration", properties.Expiration);
        Add("message_id", properties.MessageId);
        if (properties.Timestamp is { } seconds) json["timestamp"] = seconds;
        Add("type", properties.Type);
        Add("user_id", properties.UserId);
        Add("app_id", properties.AppId);
        return json;

        void Add(string name, string? text)
        {
            if (text is not null) json[name] = text;
        }
    }

    /// <exception cref="ApiError">A value is not of the property's type.</exception>
    public static BasicProperties FromJson(JsonObject json) => new()
    {
        ContentType = Json.Text(json, "content_type"),
        ContentEncoding = Json.Text(json, "content_encoding"),
        Headers = json["headers"] is { } headers ? Json.ToTable(headers) : null,
        DeliveryMode = Small(json, "delivery_mode"),
        Priority = Small(json, "priority"),
        CorrelationId = Json.Text(json, "correlation_id"),
        ReplyTo = Json.Text(json, "reply_to"),
        Expiration = Json.Text(json, "expiration"),
        MessageId = Json.Text(json, "message_id"),
        Timestamp = json["timestamp"] is null ? null : (ulong)Math.Max(0, Json.Number(json, "timestamp", 0)),
        Type = Json.Text(json, "type"),
        UserId = Json.Text(json, "user_id"),
        AppId = Json.Text(json, "app_id"),
    };

    private static byte? Small(JsonObject json, string name)
    {
        if (json[name] is null) return null;
        var number = Json.Number(json, name, 0);
        return number is >= 0 and <= byte.MaxValue
            ? (byte)number
            : throw ApiError.BadRequest($"{name} has to be from 0 to {byte.MaxValue}");
    }
}
