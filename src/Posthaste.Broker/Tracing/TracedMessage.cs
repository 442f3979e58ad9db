using System.Diagnostics;
using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Publishing;

namespace Posthaste.Broker.Tracing;

/// <summary>What is remembered of a message that is traced. Immutable.</summary>
/// <param name="VirtualHost">Where it is.</param>
/// <param name="Exchange">That it was published to; empty for the default one.</param>
/// <param name="RoutingKey">That it was published with.</param>
/// <param name="Id">Its publisher's id of it; null for none.</param>
/// <param name="CorrelationId">What it belongs to; null for nothing.</param>
/// <param name="BodyBytes">Bytes of its body.</param>
/// <param name="Creation">The publisher's span; default when the broker began the trace.</param>
internal sealed record TracedMessage(
    string VirtualHost, string Exchange, string RoutingKey, string? Id, string? CorrelationId, int BodyBytes,
    ActivityContext Creation)
{
    /// <summary>What the default exchange, which has no name, is called.</summary>
    public const string DefaultExchange = "amq.default";

    /// <summary>The exchange, for the names of spans: there are not too many of them.</summary>
    public string ExchangeName => Exchange.Length > 0 ? Exchange : DefaultExchange;

    public static TracedMessage Of(
        in OutgoingPublish message, string host, MessageFormats formats, in ActivityContext creation)
    {
        var properties = MessageProperties.ForThisThread;
        formats.Read(message.View(0), properties);
        return new TracedMessage(
            host, Encoding.UTF8.GetString(message.Route.Exchange), Encoding.UTF8.GetString(message.Route.RoutingKey),
            TextOf(properties.MessageId), TextOf(properties.CorrelationId), message.BodyLength, creation);
    }

    /// <summary>The same message where it has been published anew.</summary>
    public TracedMessage At(Route route) => this with
    {
        Exchange = Encoding.UTF8.GetString(route.Exchange),
        RoutingKey = Encoding.UTF8.GetString(route.RoutingKey),
    };

    private static string? TextOf(ReadOnlySpan<byte> text) => text.IsEmpty ? null : Encoding.UTF8.GetString(text);
}
