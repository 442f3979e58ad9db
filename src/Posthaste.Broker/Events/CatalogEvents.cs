using Posthaste.Broker.Queues;
using Posthaste.Core.Catalog;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Events;

/// <summary>What comes and goes in a virtual host's catalog. Under the catalog's lock.</summary>
internal sealed class CatalogEvents(VirtualHost host) : ICatalogWatcher
{
    /// <summary>Who gives the command that runs.</summary>
    public string By { get; set; } = ActingUser.Internal;

    public void Added(CatalogQueue queue)
    {
        var events = host.Broker.Events;
        host.Broker.Statistics.Churn.QueuesCreated.Add();
        if (!events.IsWatched) return;
        var definition = queue.Definition;
        events.Add("queue.created",
        [
            new("name", queue.Name), new("vhost", host.Name), new("type", ((BrokerQueue)queue).TypeName),
            new("durable", definition.Durable), new("auto_delete", definition.AutoDelete),
            new("exclusive", definition.Exclusive), new("arguments", definition.Arguments), Who,
        ]);
    }

    public void Removed(CatalogQueue queue)
    {
        var events = host.Broker.Events;
        host.Broker.Statistics.Churn.QueuesDeleted.Add();
        if (!events.IsWatched) return;
        events.Add("queue.deleted",
        [
            new("name", queue.Name), new("vhost", host.Name), new("type", ((BrokerQueue)queue).TypeName), Who,
        ]);
    }

    /// <summary>The virtual host is deleted, and its queues with it.</summary>
    public void Ended(IReadOnlyList<CatalogQueue> queues)
    {
        By = ActingUser.Name;
        foreach (var queue in queues)
        {
            if (!((BrokerQueue)queue).IsForDelayed) Removed(queue);
        }

        if (host.Name == host.Broker.Options.EventVirtualHost) host.Broker.Events.SetBound(hasBindings: false);
    }

    public void Added(Exchange exchange)
    {
        var events = host.Broker.Events;
        if (!events.IsWatched) return;
        var definition = exchange.Definition;
        events.Add("exchange.created",
        [
            new("name", exchange.Name), new("vhost", host.Name), new("type", definition.Type.WireName()),
            new("durable", definition.Durable), new("auto_delete", definition.AutoDelete),
            new("internal", definition.Internal), new("arguments", definition.Arguments), Who,
        ]);
    }

    public void Removed(Exchange exchange)
    {
        var events = host.Broker.Events;
        if (events.IsWatched)
            events.Add("exchange.deleted", [new("name", exchange.Name), new("vhost", host.Name), Who]);
    }

    public void Added(Binding binding)
    {
        if (IsForEvents(binding)) host.Broker.Events.SetBound(hasBindings: true);
        if (host.Broker.Events.IsWatched) Tell("binding.created", binding);
    }

    public void Removed(Binding binding)
    {
        if (host.Broker.Events.IsWatched) Tell("binding.deleted", binding);
        if (IsForEvents(binding)) host.Broker.Events.SetBound(binding.Source.Bindings.Count > 0);
    }

    private KeyValuePair<string, FieldValue> Who => new("user_who_performed_action", By);

    private bool IsForEvents(Binding binding) =>
        binding.Source.Name == VirtualHostCatalog.EventExchangeName
        && host.Name == host.Broker.Options.EventVirtualHost;

    private void Tell(string key, Binding binding) => host.Broker.Events.Add(key,
    [
        new("source_name", binding.Source.Name), new("source_kind", "exchange"),
        new("destination_name", binding.Destination.Name),
        new("destination_kind", binding.Destination is CatalogQueue ? "queue" : "exchange"),
        new("routing_key", binding.Key), new("arguments", binding.Arguments), new("vhost", host.Name), Who,
    ]);
}
