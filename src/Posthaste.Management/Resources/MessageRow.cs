using System.Text;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Posthaste.Broker.Queues;
using Posthaste.Protocols.Amqp091.Session;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Management.Resources;

/// <summary>A message as the API shows it, whatever protocol it came by.</summary>
internal static class MessageRow
{
    // Whatever a frame of a client could hold fits: nothing is cut here.
    private const int PropertiesBytesMax = 16 << 20;

    /// <param name="delivered">The message.</param>
    /// <param name="isBase64">The body is shown as base64 even when it is text.</param>
    /// <param name="bodyBytesMax">Bytes of the body at most; null for all.</param>
    public static JsonObject Describe(in DeliveredMessage delivered, bool isBase64, int? bodyBytesMax)
    {
        var message = delivered.Message;
        var formats = delivered.Queue.Host.Broker.Formats;
        var encoded = DeliveredProperties.Of(delivered, formats, PropertiesBytesMax);
        BasicProperties.TryDecode(encoded.Encoded, out var properties);
        var body = bodyBytesMax is { } max && message.Body.Length > max ? message.Body[..max] : message.Body;
        var isText = !isBase64 && Utf8.IsValid(body);
        return new JsonObject
        {
            ["payload_bytes"] = message.Body.Length,
            ["redelivered"] = delivered.Redelivered,
            ["exchange"] = Encoding.UTF8.GetString(message.Exchange),
            ["routing_key"] = Encoding.UTF8.GetString(message.RoutingKey),
            ["properties"] = MessageProperties.ToJson(properties ?? new BasicProperties()),
            ["payload"] = isText ? Encoding.UTF8.GetString(body) : Convert.ToBase64String(body),
            ["payload_encoding"] = isText ? "string" : "base64",
        };
    }
}
