using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Core.Catalog;
using Posthaste.Core.Routing;
using Posthaste.Management.Http;
using Posthaste.Protocols.Amqp091.Direct;

namespace Posthaste.Management.Resources;

/// <summary>`exchanges`: declare, delete, publish, and what is bound to them.</summary>
internal sealed class ExchangeResource : IResource
{
    /// <summary>What the default exchange, whose name is empty, is called in paths.</summary>
    private const string Default = "amq.default";

    public void Map(ApiRoutes routes)
    {
        routes.Get("exchanges", ListAsync).Says("Exchanges of all virtual hosts.").Samples().Lists("Exchange");
        routes.Get("exchanges/{vhost}", ListAsync).Says("Exchanges of a virtual host.").Samples().Lists("Exchange");
        routes.Get("exchanges/{vhost}/{name}", GetAsync).Says("An exchange.").Samples().Shows("Exchange");
        routes.Put("exchanges/{vhost}/{name}", DeclareAsync).Says("Declares an exchange.").Takes("ExchangePut")
            .Creates();
        routes.Delete("exchanges/{vhost}/{name}", DeleteAsync).Says("Deletes an exchange.")
            .Takes("if-unused", "boolean", "Only if nothing is bound to it.");
        routes.Get("exchanges/{vhost}/{name}/bindings/source", SourceAsync)
            .Says("Bindings that lead out of an exchange.").Lists("Binding");
        routes.Get("exchanges/{vhost}/{name}/bindings/destination", DestinationAsync)
            .Says("Bindings that lead into an exchange.").Lists("Binding");
        routes.Post("exchanges/{vhost}/{name}/publish", PublishAsync).Says("Publishes a message.").Takes("Publish")
            .Shows("Published");
        routes.Post("exchanges/{vhost}/{name}/explain", ExplainAsync)
            .Says("Says where a message would go and why, without publishing it.").Takes("Explain")
            .Shows("Explanation");
    }

    /// <summary>The exchange's name in a segment.</summary>
    public static string NameAt(ApiRequest request, int index) => request[index] == Default ? "" : request[index];

    private static Task ListAsync(ApiRequest request)
    {
        var windows = SampleWindows.Of(request.Context);
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context,
            request.HostsAt(1).SelectMany(static host => host.Catalog.Exchanges.Select(exchange => (host, exchange))),
            static item => item.exchange.Name, item => Describe(item.host, item.exchange, windows)));
    }

    private static Task GetAsync(ApiRequest request)
    {
        var (host, exchange) = Find(request);
        return Json.WriteAsync(request.Context, Describe(host, exchange, SampleWindows.Of(request.Context)));
    }

    private static async Task DeclareAsync(ApiRequest request)
    {
        var host = request.Host(1);
        var by = request.ActIn(host);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var name = NameAt(request, 2);
        var isNew = !host.Catalog.TryGetExchange(name, out _);
        var result = host.DeclareExchange(
            name, Json.Text(body, "type") ?? "direct", passive: false, Json.Flag(body, "durable", missing: true),
            Json.Flag(body, "auto_delete"), Json.Flag(body, "internal"), Json.ToTable(body["arguments"]), by);
        await request.AnswerAsync(result, isNew).ConfigureAwait(false);
    }

    private static async Task DeleteAsync(ApiRequest request)
    {
        var (host, exchange) = Find(request);
        var ifUnused = request.Context.Request.Query["if-unused"] == "true";
        var result = host.DeleteExchange(exchange.Name, ifUnused, request.ActIn(host));
        await request.AnswerAsync(result, created: false).ConfigureAwait(false);
    }

    private static Task SourceAsync(ApiRequest request)
    {
        var (host, exchange) = Find(request);
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, BindingRows.From(host, exchange), static binding => binding.Key, BindingRows.Describe));
    }

    private static Task DestinationAsync(ApiRequest request)
    {
        var (host, exchange) = Find(request);
        var bindings = BindingRows.Of(host)
            .Where(binding => !binding.IsToQueue && binding.Destination == exchange.Name);
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, bindings, static binding => binding.Key, BindingRows.Describe));
    }

    private static async Task PublishAsync(ApiRequest request)
    {
        var (host, exchange) = Find(request);
        var by = request.ActIn(host);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var isRouted = await MessagePublisher.PublishAsync(host, exchange.Name, body, by).ConfigureAwait(false);
        await Json.WriteAsync(request.Context, new JsonObject { ["routed"] = isRouted }).ConfigureAwait(false);
    }

    /// <summary>Where a message would go, for the user who asks or, to administrators, for another.</summary>
    private static async Task ExplainAsync(ApiRequest request)
    {
        var (host, exchange) = Find(request);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var by = Json.Text(body, "user") is { Length: > 0 } other && other != request.User.Name
            ? request.ActFor(other, host)
            : request.ActIn(host);
        var key = Json.Text(body, "routing_key") ?? throw ApiError.BadRequest("routing_key is missing");
        try
        {
            var routing = DirectPublisher.RoutingOf(MessageProperties.FromJson(body["properties"] as JsonObject ?? []));
            var explanation = new PublishExplanation(host, by).Explain(exchange, key, routing);
            await Json.WriteAsync(request.Context, explanation).ConfigureAwait(false);
        }
        catch (DirectPublishException e)
        {
            throw ApiError.BadRequest(e.Message);
        }
    }

    private static (VirtualHost Host, Exchange Exchange) Find(ApiRequest request)
    {
        var host = request.Host(1);
        return host.Catalog.TryGetExchange(NameAt(request, 2), out var exchange)
            ? (host, exchange)
            : throw ApiError.NotFound();
    }

    private static JsonObject Describe(VirtualHost host, Exchange exchange, SampleWindows windows)
    {
        var row = new JsonObject
        {
            ["name"] = exchange.Name,
            ["vhost"] = host.Name,
            ["type"] = exchange.Type.WireName(),
            ["durable"] = exchange.IsDurable,
            ["auto_delete"] = exchange.Definition.AutoDelete,
            ["internal"] = exchange.Internal,
            ["arguments"] = Json.From(exchange.Definition.Arguments),
            ["message_stats"] = StatisticsRows.OfExchange(host.MeterOf(exchange), windows.Messages),
        };
        PolicyResource.AddTo(row, host.Policies.ForExchange(exchange.Name));
        return row;
    }
}
