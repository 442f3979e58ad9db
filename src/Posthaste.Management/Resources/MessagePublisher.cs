using System.Text;
using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Management.Http;
using Posthaste.Protocols.Amqp091.Direct;

namespace Posthaste.Management.Resources;

/// <summary>Publishes a message that a request describes.</summary>
internal static class MessagePublisher
{
    /// <returns>Whether it reached a queue.</returns>
    /// <exception cref="ApiError">It is not acceptable, or was not taken.</exception>
    public static async Task<bool> PublishAsync(
        VirtualHost host, string exchange, JsonObject body, BrokerConnection by)
    {
        var properties = MessageProperties.FromJson(body["properties"] switch
        {
            null => [],
            JsonObject given => given,
            JsonArray { Count: 0 } => [],
            _ => throw ApiError.BadRequest("properties have to be an object"),
        });
        var routingKey = Json.Text(body, "routing_key") ?? throw ApiError.BadRequest("routing_key is missing");
        try
        {
            var outcome = await DirectPublisher
                .PublishAsync(host, by, exchange, routingKey, properties, Payload(body)).ConfigureAwait(false);
            return outcome == DirectOutcome.Refused
                ? throw ApiError.Unavailable("a queue or the journal did not take the message")
                : outcome == DirectOutcome.Accepted;
        }
        catch (DirectPublishException e)
        {
            throw e.IsForbidden ? ApiError.Unauthorized(e.Message) : ApiError.BadRequest(e.Message);
        }
    }

    private static byte[] Payload(JsonObject body)
    {
        var text = Json.Text(body, "payload") ?? throw ApiError.BadRequest("payload is missing");
        switch (Json.Text(body, "payload_encoding") ?? "string")
        {
            case "string":
                return Encoding.UTF8.GetBytes(text);
            case "base64":
                var bytes = new byte[text.Length];
                return Convert.TryFromBase64String(text, bytes, out var count)
                    ? bytes[..count]
                    : throw ApiError.BadRequest("payload is no base64");
            case var other:
                throw ApiError.BadRequest($"unknown payload_encoding '{other}'");
        }
    }
}
