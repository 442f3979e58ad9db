using System.Text.Json.Nodes;
using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Components;

/// <summary>What a line of the picture stands for.</summary>
public enum TopologyLinkKind
{
    /// <summary>A client publishes to an exchange.</summary>
    Publish,

    /// <summary>A binding to a queue or an exchange.</summary>
    Binding,

    /// <summary>What no binding of an exchange matches goes on to its alternate exchange.</summary>
    Alternate,

    /// <summary>What dies in a queue goes to its dead-letter exchange.</summary>
    DeadLetter,

    /// <summary>A client consumes from a queue.</summary>
    Consume,
}

/// <summary>A line of the picture, between two things that are both in it.</summary>
/// <param name="Kind">What it stands for.</param>
/// <param name="From">Client, exchange or queue.</param>
/// <param name="To">Client, exchange or queue.</param>
/// <param name="Label">A key, or the protocols of a client.</param>
/// <param name="Rate">Messages per second; null where nobody counts them.</param>
public sealed record TopologyLink(TopologyLinkKind Kind, string From, string To, string Label, double? Rate)
{
    public string Key => $"{Kind}/{From}/{To}/{Label}";
}

/// <summary>Connections that call themselves the same, or else have the same user.</summary>
/// <param name="Name">What they are called.</param>
/// <param name="Connections">How many there are.</param>
/// <param name="Rate">Messages per second, of all.</param>
public sealed record TopologyClient(string Name, int Connections, double Rate);

/// <summary>
/// The busiest clients, exchanges and queues of a virtual host, and what leads where. A picture of ten thousand queues
/// says nothing, so it has the first of each, and the lists have the rest.
/// </summary>
/// <param name="Publishers">Clients that publish.</param>
/// <param name="Exchanges">The exchanges that have a line or a message.</param>
/// <param name="Queues">The queues.</param>
/// <param name="QueueCount">How many queues there are.</param>
/// <param name="Consumers">Clients that consume.</param>
/// <param name="Links">What leads where.</param>
public sealed record TopologyMap(
    IReadOnlyList<TopologyClient> Publishers, IReadOnlyList<ExchangeView> Exchanges, IReadOnlyList<QueueView> Queues,
    int QueueCount, IReadOnlyList<TopologyClient> Consumers, IReadOnlyList<TopologyLink> Links)
{
    /// <summary>Exchanges in the picture.</summary>
    public const int ExchangesMax = 12;

    /// <summary>Queues in the picture.</summary>
    public const int QueuesMax = 24;

    /// <summary>Bindings of each exchange that are looked at: each refresh costs that at most.</summary>
    private const int BindingsMax = 200;

    /// <summary>Connections that are looked at, the busiest ones, and subscriptions.</summary>
    private const int ClientsMax = 200;

    /// <summary>Clients of a side of the picture.</summary>
    private const int ClientsShown = 12;

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

        var connections = await api.GetAsync<Paged<ConnectionView>>(Busiest(
            Target.Path("vhosts", vhost, "connections"), "message_stats.publish_details.rate", ClientsMax));
        var consumers = await api.GetAsync<Paged<ConsumerView>>(Target.Query(
            Target.Path("consumers", vhost), ("page", "1"), ("page_size", $"{ClientsMax}")));
        var names = connections.Items.ToDictionary(static connection => connection.Name, NameOf);
        var links = Connect(exchanges.Items, queues.Items, bindings)
            .Concat(Publishes(exchanges.Items, connections.Items))
            .Concat(Consumes(queues.Items, consumers.Items, names)).ToList();
        return Build(exchanges.Items, queues, links, connections.Items, consumers.Items, names);
    }

    private static TopologyMap Build(
        IReadOnlyList<ExchangeView> exchanges, Paged<QueueView> queues, List<TopologyLink> links,
        IReadOnlyList<ConnectionView> connections, IReadOnlyList<ConsumerView> consumers,
        Dictionary<string, string> names)
    {
        var publishing = links.Where(static link => link.Kind == TopologyLinkKind.Publish)
            .Select(static link => link.From).ToHashSet();
        var consuming = links.Where(static link => link.Kind == TopologyLinkKind.Consume)
            .Select(static link => link.To).ToHashSet();
        var publishers = connections.GroupBy(NameOf).Where(group => publishing.Contains(group.Key))
            .Select(static group => new TopologyClient(
                group.Key, group.Count(), group.Sum(static connection => connection.Stats.Publish)));
        var rates = connections.ToLookup(NameOf, static connection => connection.Stats.Deliver);
        var consumerClients = consumers.GroupBy(consumer => NameOf(consumer, names))
            .Where(group => consuming.Contains(group.Key))
            .Select(group => new TopologyClient(
                group.Key, group.Select(static consumer => consumer.ChannelDetails.ConnectionName).Distinct().Count(),
                rates[group.Key].Sum()));
        TopologyClient[] left = [.. Shown(publishers)], right = [.. Shown(consumerClients)];
        links.RemoveAll(link => link.Kind == TopologyLinkKind.Publish && !left.Any(client => client.Name == link.From));
        links.RemoveAll(link => link.Kind == TopologyLinkKind.Consume && !right.Any(client => client.Name == link.To));

        // Exchanges that neither have a line nor a message are those that are always there.
        var ends = links.Where(static link => link.Kind != TopologyLinkKind.Consume).SelectMany(static link =>
            (string[])[link.From, link.To]).ToHashSet();
        return new TopologyMap(
            left, [.. exchanges.Where(item => ends.Contains(item.Name) || item.Stats.PublishIn > 0)], queues.Items,
            queues.TotalCount, right, links);
    }

    private static IEnumerable<TopologyClient> Shown(IEnumerable<TopologyClient> clients) =>
        clients.OrderByDescending(static client => client.Rate)
            .ThenBy(static client => client.Name, StringComparer.Ordinal).Take(ClientsShown);

    private static IEnumerable<TopologyLink> Connect(
        IReadOnlyList<ExchangeView> exchanges, IReadOnlyList<QueueView> queues, List<BindingView> bindings)
    {
        var rates = queues.ToDictionary(static queue => queue.Name, static queue => queue.Stats.Publish);
        var shown = exchanges.Select(static exchange => exchange.Name).ToHashSet();
        foreach (var binding in bindings)
        {
            var isToQueue = rates.TryGetValue(binding.Destination, out var rate) && binding.IsToQueue;
            if (!isToQueue && (binding.IsToQueue || !shown.Contains(binding.Destination))) continue;
            yield return new TopologyLink(
                TopologyLinkKind.Binding, binding.Source, binding.Destination, binding.RoutingKey,
                isToQueue ? rate : null);
        }

        foreach (var exchange in exchanges)
        {
            var alternate = Setting(exchange.Arguments, exchange.EffectivePolicyDefinition, "alternate-exchange");
            if (alternate is not null && shown.Contains(alternate))
                yield return new TopologyLink(TopologyLinkKind.Alternate, exchange.Name, alternate, "", null);
        }

        foreach (var queue in queues)
        {
            var target = Setting(queue.Arguments, queue.EffectivePolicyDefinition, "dead-letter-exchange");
            if (target is null || !shown.Contains(target)) continue;
            var key = Setting(queue.Arguments, queue.EffectivePolicyDefinition, "dead-letter-routing-key");
            yield return new TopologyLink(TopologyLinkKind.DeadLetter, queue.Name, target, key ?? "", null);
        }
    }

    private static IEnumerable<TopologyLink> Publishes(
        IReadOnlyList<ExchangeView> exchanges, IReadOnlyList<ConnectionView> connections)
    {
        var shown = exchanges.Select(static exchange => exchange.Name).ToHashSet();
        return connections
            .SelectMany(static connection => (connection.PublishesTo ?? []).Select(exchange => (connection, exchange)))
            .Where(item => shown.Contains(item.exchange))
            .GroupBy(static item => (Name: NameOf(item.connection), item.exchange))
            .Select(static group => new TopologyLink(
                TopologyLinkKind.Publish, group.Key.Name, group.Key.exchange, Protocols(group
                    .Select(static item => item.connection.Protocol)),

                // Counted per connection: what goes to which of several exchanges is not known.
                group.All(static item => item.connection.PublishesTo!.Length == 1)
                    ? group.Sum(static item => item.connection.Stats.Publish)
                    : null));
    }

    private static IEnumerable<TopologyLink> Consumes(
        IReadOnlyList<QueueView> queues, IReadOnlyList<ConsumerView> consumers, Dictionary<string, string> names)
    {
        var shown = queues.ToDictionary(static queue => queue.Name);
        return consumers.Where(consumer => shown.ContainsKey(consumer.Queue.Name))
            .GroupBy(consumer => (consumer.Queue.Name, Client: NameOf(consumer, names)))
            .Select(group => new TopologyLink(
                TopologyLinkKind.Consume, group.Key.Name, group.Key.Client,
                Protocols(group.Select(static consumer => consumer.ChannelDetails.Protocol)),

                // Counted per queue: what each of several consumers gets of it is not known.
                group.Count() == shown[group.Key.Name].Consumers ? shown[group.Key.Name].Stats.Deliver : null));
    }

    private static string Protocols(IEnumerable<string?> names) =>
        string.Join(", ", names.Distinct().Order(StringComparer.Ordinal).Select(Format.Protocol));

    private static string NameOf(ConnectionView connection) =>
        connection.UserProvidedName is { Length: > 0 } name ? name : connection.User;

    private static string NameOf(ConsumerView consumer, Dictionary<string, string> names) =>
        consumer.ChannelDetails.ConnectionName is { } connection && names.TryGetValue(connection, out var name)
            ? name
            : consumer.ChannelDetails.User ?? "";

    /// <summary>What an argument says, or else a policy.</summary>
    private static string? Setting(JsonObject arguments, JsonObject? policies, string name) =>
        (arguments[$"x-{name}"] ?? arguments[name] ?? policies?[name])?.ToString();

    private static string Busiest(string path, string column, int count) => Target.Query(
        path, ("page", "1"), ("page_size", $"{count}"), ("sort", column), ("sort_reverse", "true"));
}
