using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Core.Catalog;
using Posthaste.Core.Routing;
using Posthaste.Management.Http;
using Posthaste.Primitives.Tables;

namespace Posthaste.Management.Resources;

/// <summary>A binding with the virtual host that it is in.</summary>
internal sealed record BindingRow(
    VirtualHost Host, string Source, string Destination, bool IsToQueue, string Key, FieldTable Arguments)
{
    /// <summary>
    /// What stands for the binding in a path: the key, and with arguments a digest of them; `~` for neither.
    /// </summary>
    public string PropertiesKey
    {
        get
        {
            if (Arguments.Count == 0) return Key.Length == 0 ? "~" : Uri.EscapeDataString(Key);
            var digest = SHA256.HashData(FieldTableCodec.Encode(Arguments)).AsSpan(0, 9);
            return $"{Uri.EscapeDataString(Key)}~{Convert.ToBase64String(digest).Replace('+', '-').Replace('/', '_')}";
        }
    }
}

/// <summary>Bindings as the API shows them, those of the default exchange included, which nobody made.</summary>
internal static class BindingRows
{
    public static IEnumerable<BindingRow> Of(VirtualHost host)
    {
        foreach (var queue in host.Catalog.Queues) yield return Default(host, queue);
        var made = host.ReadBindings(exchanges => exchanges
            .SelectMany(static exchange => exchange.Bindings).Select(binding => Row(host, binding)).ToArray());
        foreach (var binding in made) yield return binding;
    }

    public static IEnumerable<BindingRow> From(VirtualHost host, Exchange exchange) => exchange.Name.Length == 0
        ? host.Catalog.Queues.Select(queue => Default(host, queue))
        : host.ReadBindings(_ => exchange.Bindings.Select(binding => Row(host, binding)).ToArray());

    public static IEnumerable<BindingRow> To(Broker.Queues.BrokerQueue queue) =>
    [
        Default(queue.Host, queue),
        .. queue.Host.ReadBindings(_ => queue.IncomingBindings.Select(binding => Row(queue.Host, binding)).ToArray()),
    ];

    public static JsonObject Describe(BindingRow binding) => new()
    {
        ["source"] = binding.Source,
        ["vhost"] = binding.Host.Name,
        ["destination"] = binding.Destination,
        ["destination_type"] = binding.IsToQueue ? "queue" : "exchange",
        ["routing_key"] = binding.Key,
        ["arguments"] = Json.From(binding.Arguments),
        ["properties_key"] = binding.PropertiesKey,
    };

    /// <summary>What leads to a queue by its name.</summary>
    public static BindingRow Default(VirtualHost host, CatalogQueue queue) =>
        new(host, VirtualHostCatalog.DefaultExchangeName, queue.Name, true, queue.Name, FieldTable.Empty);

    private static BindingRow Row(VirtualHost host, Binding binding) => new(
        host, binding.Source.Name, binding.Destination.Name, binding.Destination is CatalogQueue, binding.Key,
        binding.Arguments);
}
