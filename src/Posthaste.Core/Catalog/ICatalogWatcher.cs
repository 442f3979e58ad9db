using Posthaste.Core.Routing;

namespace Posthaste.Core.Catalog;

/// <summary>
/// Is told what comes and goes in a catalog, durable or not, right after it has: of what goes together, bindings before
/// their ends. Called in the middle of a command, and must not call back. A command that turns out not to be recordable
/// is taken back, and that is told too.
/// </summary>
public interface ICatalogWatcher
{
    void Added(CatalogQueue queue);

    void Removed(CatalogQueue queue);

    void Added(Exchange exchange);

    void Removed(Exchange exchange);

    void Added(Binding binding);

    void Removed(Binding binding);
}
