using System.Text;
using Posthaste.Core.Catalog;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Tests.Catalog;

/// <summary>A queue with settable counts.</summary>
internal sealed class TestQueue(QueueDefinition definition) : CatalogQueue(definition)
{
    public int Consumers { get; set; }

    public long Messages { get; set; }

    public override int ConsumerCount => Consumers;

    public override long MessageCount => Messages;
}

internal sealed class TestQueueFactory : IQueueFactory
{
    public CatalogQueue Create(QueueDefinition definition) => new TestQueue(definition);
}

/// <summary>A catalog and short words for what tests do with it.</summary>
internal sealed class TestCatalog
{
    public const ulong Me = 1;
    public const ulong SomebodyElse = 2;

    public TestCatalog(CatalogLimits? limits = null)
    {
        Ids = new CatalogIds(new Random(1).NextBytes);
        Catalog = new VirtualHostCatalog("/", new TestQueueFactory(), limits ?? CatalogLimits.Default, Ids);
    }

    public CatalogIds Ids { get; }

    public VirtualHostCatalog Catalog { get; }

    public CatalogOutcome Queue(
        string name, FieldTable? arguments = null, bool passive = false, bool durable = true, bool exclusive = false,
        bool autoDelete = false, ulong connection = Me) =>
        Catalog.DeclareQueue(name, passive, durable, exclusive, autoDelete, arguments ?? FieldTable.Empty, connection);

    public CatalogOutcome Exchange(
        string name, string type = "direct", FieldTable? arguments = null, bool passive = false, bool durable = true,
        bool autoDelete = false, bool isInternal = false) =>
        Catalog.DeclareExchange(name, type, passive, durable, autoDelete, isInternal, arguments ?? FieldTable.Empty);

    public CatalogOutcome Bind(
        string exchange, string queue, string key = "", FieldTable? arguments = null, ulong connection = Me) =>
        Catalog.BindQueue(exchange, queue, key, arguments ?? FieldTable.Empty, connection);

    public CatalogOutcome Unbind(
        string exchange, string queue, string key = "", FieldTable? arguments = null, ulong connection = Me) =>
        Catalog.UnbindQueue(exchange, queue, key, arguments ?? FieldTable.Empty, connection);

    public CatalogOutcome BindExchange(string source, string destination, string key = "") =>
        Catalog.BindExchange(source, destination, key, FieldTable.Empty, Me);

    /// <summary>Declares queues, durable ones, and expects that to work.</summary>
    public TestCatalog WithQueues(params string[] names)
    {
        foreach (var name in names)
            Done(Queue(name));
        return this;
    }

    /// <summary>Names of the queues that a message reaches, in alphabetical order.</summary>
    public string[] Route(string exchange, string key, IHeaderLookup? headers = null, params string[] moreKeys)
    {
        Assert.True(Catalog.TryGetExchange(exchange, out var found));
        var result = new RouteResult();
        Catalog.Route(
            found, Encoding.UTF8.GetBytes(key),
            [.. moreKeys.Select(Encoding.UTF8.GetBytes)], new RouteHeaders(headers), result);
        return [.. result.Queues.ToArray().Select(queue => queue.Name).Order(StringComparer.Ordinal)];
    }

    public static CatalogOutcome Done(CatalogOutcome outcome)
    {
        Assert.Null(outcome.Error);
        return outcome;
    }

    public static void Refused(CatalogErrorCode code, string text, CatalogOutcome outcome)
    {
        Assert.Equal(new CatalogError(code, text), outcome.Error);
        Assert.False(outcome.Changed);
        Assert.Empty(outcome.Changes);
    }
}

/// <summary>Headers given as a table.</summary>
internal sealed class TableHeaders(FieldTable table) : IHeaderLookup
{
    public bool TryGet(string name, out FieldValue value) => table.TryGetValue(name, out value);
}
