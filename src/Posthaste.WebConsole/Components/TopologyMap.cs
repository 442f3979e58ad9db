using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Components;

/// <summary>A line of the picture: a binding whose ends are both shown.</summary>
/// <param name="Binding">What it stands for.</param>
/// <param name="Rate">Messages per second that enter the queue where it ends; null for an exchange, which is not asked
/// about what comes from other exchanges.</param>
public sealed record TopologyLink(BindingView Binding, double? Rate);

/// <summary>
/// The busiest exchanges and queues of a virtual host, and how they are bound. A picture of ten thousand queues says
/// nothing, so it has the first of each, and the lists have the rest.
/// </summary>
public sealed record TopologyMap(
    IReadOnlyList<ExchangeView> Exchanges, int ExchangeCount, IReadOnlyList<QueueView> Queues, int QueueCount,
    IReadOnlyList<TopologyLink> Links)
{
    /// <summary>Exchanges in the picture.</summary>
    public const int ExchangesMax = 12;

    /// <summary>Queues in the picture.</summary>
    public const int QueuesMax = 24;

    /// <summary>Bindings of each exchange that are looked at: each refresh costs that at most.</summary>
    private const int BindingsMax = 200;

    internal static async Task<TopologyMap> LoadAsync(ConsoleApi api, string vhost)
    {
        var exchanges = await api.GetAsync<Paged<ExchangeView>>(Busiest(
            Target.Path("exchanges", vhost), "message_stats.publish_in_details.rate", ExchangesMax));
        var queues = await api.GetAsync<Paged<QueueView>>(Busiest(
            Target.Path("queues", vhost), "message_stats.publish_details.rate", QueuesMax));
        var bindings = new List<BindingView>();
        foreach (var exchange in exchanges.Items.Where(static exchange => exchange.Name.Length > 0))
        {
            var path = Target.Path("exchanges", vhost, exchange.Name) + "/bindings/source";
            var page = await api.GetAsync<Paged<BindingView>>(
                Target.Query(path, ("page", "1"), ("page_size", $"{BindingsMax}")));
            bindings.AddRange(page.Items);
        }

        return Connect(exchanges, queues, bindings);
    }

    private static TopologyMap Connect(
        Paged<ExchangeView> exchanges, Paged<QueueView> queues, List<BindingView> bindings)
    {
        var rates = queues.Items.ToDictionary(static queue => queue.Name, static queue => queue.Stats.Publish);
        var shown = exchanges.Items.Select(static exchange => exchange.Name).ToHashSet();
        var links = new List<TopologyLink>();
        foreach (var binding in bindings)
        {
            if (!binding.IsToQueue && shown.Contains(binding.Destination)) links.Add(new TopologyLink(binding, null));
            else if (binding.IsToQueue && rates.TryGetValue(binding.Destination, out var rate))
                links.Add(new TopologyLink(binding, rate));
        }

        // Exchanges that neither have a line nor a message are those that are always there.
        var ends = links
            .SelectMany(static link => (string[])[link.Binding.Source, link.Binding.Destination]).ToHashSet();
        return new TopologyMap(
            [.. exchanges.Items.Where(item => ends.Contains(item.Name) || item.Stats.PublishIn > 0)],
            exchanges.TotalCount, queues.Items, queues.TotalCount, links);
    }

    private static string Busiest(string path, string column, int count) => Target.Query(
        path, ("page", "1"), ("page_size", $"{count}"), ("sort", column), ("sort_reverse", "true"));
}
