using System.Text;
using Posthaste.Core.Routing;
using Posthaste.Core.Tests.Catalog;
using static Posthaste.Core.Tests.Catalog.TestCatalog;

namespace Posthaste.Core.Tests.Routing;

public sealed class RouteCostTests
{
    private const int QueueCount = 100;

    private readonly TestCatalog _catalog = new();

    public RouteCostTests()
    {
        // An exchange of each kind, from one to the next, all of them to many queues.
        Done(_catalog.Exchange("direct", "direct", [new("alternate-exchange", "topic")]));
        Done(_catalog.Exchange("topic", "topic", [new("alternate-exchange", "fanout")]));
        Done(_catalog.Exchange("fanout", "fanout"));
        Done(_catalog.BindExchange("fanout", "direct"));
        for (var i = 0; i < QueueCount; i++)
        {
            Done(_catalog.Queue($"q{i}"));
            Done(_catalog.Bind("direct", $"q{i}", "orders.eu.placed"));
            Done(_catalog.Bind("topic", $"q{i}", i % 2 == 0 ? "orders.*.placed" : $"#.{i % 7}.#"));
            Done(_catalog.Bind("fanout", $"q{i}"));
        }
    }

    [Theory]
    [InlineData("", "q7", 1)]
    [InlineData("", "nobody", 0)]
    [InlineData("direct", "orders.eu.placed", QueueCount)]
    [InlineData("direct", "orders.us.placed", 50)]
    [InlineData("topic", "orders.eu.placed", 50)]
    [InlineData("topic", "no.such.key", QueueCount)]
    [InlineData("fanout", "orders.eu.placed", QueueCount)]
    public void Routing_allocates_nothing_once_it_is_warm(string exchangeName, string keyText, int reached)
    {
        Assert.True(_catalog.Catalog.TryGetExchange(exchangeName, out var exchange));
        var key = Encoding.UTF8.GetBytes(keyText);
        var result = new RouteResult();
        Assert.Equal(0, AllocatedBytes(() =>
        {
            result.Clear();
            _catalog.Catalog.Route(exchange, key, RouteHeaders.None, result);
        }));
        Assert.Equal(reached, result.Count);
    }

    [Fact]
    public void Looking_up_by_the_bytes_of_a_name_allocates_nothing()
    {
        var name = "q42"u8.ToArray();
        Assert.Equal(0, AllocatedBytes(() =>
        {
            Assert.True(_catalog.Catalog.TryGetQueue(name, out _));
            Assert.True(_catalog.Catalog.TryGetQueue("q42", out _));
            Assert.True(_catalog.Catalog.TryGetExchange("direct"u8, out _));
        }));
    }

    [Fact]
    public void A_result_that_held_very_many_queues_is_small_and_right_again_after_clearing()
    {
        const int Many = 70_000;
        var catalog = new TestCatalog();
        for (var i = 0; i < Many; i++)
        {
            Done(catalog.Queue($"q{i}", durable: false));
            Done(catalog.Bind("amq.fanout", $"q{i}"));
        }

        var result = new RouteResult();
        Assert.True(catalog.Catalog.TryGetExchange("amq.fanout", out var exchange));
        for (var round = 0; round < 2; round++)
        {
            catalog.Catalog.Route(exchange, [], RouteHeaders.None, result);
            catalog.Catalog.Route(exchange, [], RouteHeaders.None, result);
            Assert.Equal(Many, result.Count);
            Assert.Equal(Many, result.Queues.ToArray().Distinct().Count());
            result.Clear();
            Assert.Equal(0, result.Count);
        }

        // In any order, every other one goes.
        for (var i = 0; i < Many; i += 2)
            Done(catalog.Unbind("amq.fanout", $"q{i}"));
        catalog.Catalog.Route(exchange, [], RouteHeaders.None, result);
        Assert.Equal(Many / 2, result.Count);
    }

    // The least of several rounds: the runtime itself allocates once in a while as it compiles what is hot, the
    // measured code would do so in every round.
    private static long AllocatedBytes(Action action)
    {
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 500; i++)
                action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
