using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Core.Catalog;
using Posthaste.Core.Tests.Catalog;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Tests.Routing;

public sealed class RoutingModelTests
{
    private static readonly string[][] RoutedKeys =
        [[""], ["a"], ["a.b"], ["a.b", "b"], ["a.a.b"], ["a..b"], ["b.b", "a", "c"], ["q0"], ["q1", "q2"]];

    private static readonly FieldTable[] RoutedHeaders =
        [[], [new("h", 1L)], [new("i", "s"), new("x-h", 1)], [new("i", "s"), new("h", 1), new("x-h", 1)]];

    [Fact]
    public void Whatever_happened_before_the_catalog_routes_like_the_naive_model() =>
        Prop.ForAll(CatalogCommand.Histories, CheckAgainstModel).QuickCheckThrowOnFailure();

    [Fact]
    public void Topic_patterns_match_like_the_recursive_definition()
    {
        var word = Gen.Elements("a", "b", "");
        var text = from words in Gen.Elements("a", "b", "", "*", "#", "#").ArrayOf()
                   select string.Join('.', words);
        var key = from words in word.ArrayOf()
                  select string.Join('.', words);
        var cases = from patterns in text.ArrayOf(8)
                    from routed in key.ArrayOf(8)
                    select (patterns.Where(Fits).Distinct().ToArray(), routed.Where(Fits).ToArray());
        Prop.ForAll(cases.ToArbitrary(), CheckPatterns).QuickCheckThrowOnFailure();

        static bool Fits(string text) => Encoding.UTF8.GetByteCount(text) <= 40;
    }

    private static void CheckPatterns((string[] Patterns, string[] Keys) input)
    {
        var catalog = new TestCatalog().WithQueues([.. input.Patterns.Select(Queue)]);
        foreach (var pattern in input.Patterns)
            TestCatalog.Done(catalog.Bind("amq.topic", Queue(pattern), pattern));
        foreach (var key in input.Keys)
        {
            var expected = input.Patterns.Where(pattern => NaiveModel.TopicMatches(pattern, key)).Select(Queue)
                .Order(StringComparer.Ordinal);
            Assert.Equal(expected, catalog.Route("amq.topic", key));
        }

        static string Queue(string pattern) => $"for {pattern}";
    }

    private static void CheckAgainstModel(CatalogCommand[] history)
    {
        var catalog = new TestCatalog();
        var model = new NaiveModel();
        foreach (var command in history)
        {
            command.Run(catalog.Catalog);
            command.Run(model);
        }

        AssertSameThings(model, catalog.Catalog);
        foreach (var exchange in model.Exchanges.Append(""))
        {
            foreach (var keys in RoutedKeys)
            {
                foreach (var headers in RoutedHeaders)
                {
                    Assert.Equal(
                        model.Route(exchange, keys, headers),
                        catalog.Route(exchange, keys[0], new TableHeaders(headers), keys[1..]));
                }
            }
        }
    }

    private static void AssertSameThings(NaiveModel model, VirtualHostCatalog catalog)
    {
        Assert.Equal(model.Queues.Order(), catalog.Queues.Select(queue => queue.Name).Order());
        var exchanges = catalog.Exchanges.Select(exchange => exchange.Name)
            .Where(name => name is not ("" or "amq.match" or "amq.rabbitmq.trace"));
        Assert.Equal(model.Exchanges.Order(), exchanges.Order());
        Assert.Equal(model.BindingCount, catalog.BindingCount);
        Assert.Equal(catalog.BindingCount, catalog.Exchanges.Sum(exchange => exchange.Bindings.Count));
        var incoming = catalog.Queues.Sum(queue => queue.IncomingBindings.Count())
            + catalog.Exchanges.Sum(exchange => exchange.IncomingBindings.Count());
        Assert.Equal(catalog.BindingCount, incoming);
    }
}
