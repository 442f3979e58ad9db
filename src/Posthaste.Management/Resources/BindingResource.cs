using Posthaste.Broker;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`bindings`: all, those between two, and each by its properties key; bind and unbind.</summary>
internal sealed class BindingResource : IResource
{
    private static readonly string[] Between =
        ["bindings/{vhost}/e/{source}/q/{destination}", "bindings/{vhost}/e/{source}/e/{destination}"];

    public void Map(ApiRoutes routes)
    {
        routes.Get("bindings", ListAsync).Says("Bindings of all virtual hosts.").Lists("Binding");
        routes.Get("bindings/{vhost}", ListAsync).Says("Bindings of a virtual host.").Lists("Binding");
        foreach (var path in Between)
        {
            routes.Get(path, ListBetweenAsync).Says("Bindings between two.").Lists("Binding");
            routes.Post(path, BindAsync).Says("Binds; `Location` says the new binding's key.")
                .Takes("BindingPost").Creates();
            routes.Get(path + "/{key}", GetAsync).Says("A binding.").Shows("Binding");
            routes.Delete(path + "/{key}", UnbindAsync).Says("Unbinds.");
        }
    }

    private static Task ListAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context, request.HostsAt(1).SelectMany(BindingRows.Of), static binding => binding.Source,
        BindingRows.Describe));

    private static Task ListBetweenAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context, FindAll(request), static binding => binding.Key, BindingRows.Describe));

    private static Task GetAsync(ApiRequest request) =>
        Json.WriteAsync(request.Context, BindingRows.Describe(Find(request)));

    private static async Task BindAsync(ApiRequest request)
    {
        var host = request.Host(1);
        var by = request.ActIn(host);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var (source, destination, isToQueue) = Ends(request);
        var key = Json.Text(body, "routing_key") ?? "";
        var arguments = Json.ToTable(body["arguments"]);
        var result = isToQueue
            ? host.BindQueue(destination, source, key, arguments, by)
            : host.BindExchange(destination, source, key, arguments, by);
        await request.AnswerAsync(result, created: true).ConfigureAwait(false);
        var row = new BindingRow(host, source, destination, isToQueue, key, arguments);
        request.Context.Response.Headers.Location = Uri.EscapeDataString(row.PropertiesKey);
    }

    private static async Task UnbindAsync(ApiRequest request)
    {
        var binding = Find(request);
        var by = request.ActIn(binding.Host);
        var result = binding.IsToQueue
            ? binding.Host.UnbindQueue(binding.Destination, binding.Source, binding.Key, binding.Arguments, by)
            : binding.Host.UnbindExchange(binding.Destination, binding.Source, binding.Key, binding.Arguments, by);
        await request.AnswerAsync(result, created: false).ConfigureAwait(false);
    }

    private static BindingRow Find(ApiRequest request) =>
        FindAll(request).FirstOrDefault(binding => binding.PropertiesKey == request[6]) ?? throw ApiError.NotFound();

    private static IEnumerable<BindingRow> FindAll(ApiRequest request)
    {
        var host = request.Host(1);
        var (source, destination, isToQueue) = Ends(request);
        RequireEnds(host, source, destination, isToQueue);
        return BindingRows.Of(host).Where(binding =>
            binding.Source == source && binding.Destination == destination && binding.IsToQueue == isToQueue);
    }

    private static void RequireEnds(VirtualHost host, string source, string destination, bool isToQueue)
    {
        var isThere = isToQueue
            ? host.Catalog.TryGetQueue(destination, out _)
            : host.Catalog.TryGetExchange(destination, out _);
        if (!isThere || !host.Catalog.TryGetExchange(source, out _)) throw ApiError.NotFound();
    }

    private static (string Source, string Destination, bool IsToQueue) Ends(ApiRequest request) =>
        (ExchangeResource.NameAt(request, 3), request[4] == "q" ? request[5] : ExchangeResource.NameAt(request, 5),
            request[4] == "q");
}
