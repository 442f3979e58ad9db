using System.Text;
using Posthaste.Core.Routing;
using Posthaste.Core.Tests.Catalog;
using static Posthaste.Core.Tests.Catalog.TestCatalog;

namespace Posthaste.Core.Tests.Routing;

public sealed class ConcurrentRoutingTests
{
    private const int Rounds = 3_000;

    [Theory]
    [InlineData("amq.direct", "k.1", "k.1")]
    [InlineData("amq.fanout", "k.1", "")]
    [InlineData("amq.topic", "k.1", "k.*")]
    [InlineData("amq.headers", "k.1", "")]
    public async Task Routes_found_while_bindings_come_and_go_have_every_lasting_binding_and_nothing_else(
        string exchangeName, string key, string pattern)
    {
        var catalog = new TestCatalog().WithQueues("stays", "never");
        Done(catalog.Bind(exchangeName, "stays", pattern));
        Assert.True(catalog.Catalog.TryGetExchange(exchangeName, out var exchange));
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(() => Read(stop.Token))).ToArray();

        for (var i = 0; i < Rounds; i++)
        {
            var name = $"guest{i % 40}";
            Done(catalog.Queue(name, durable: false));
            Done(catalog.Bind(exchangeName, name, i % 3 == 0 ? pattern : "k.1"));
            if (i % 2 == 0)
                Done(catalog.Unbind(exchangeName, name, i % 3 == 0 ? pattern : "k.1"));
            Done(catalog.Catalog.DeleteQueue($"guest{(i + 20) % 40}", false, false, Me));
        }

        await stop.CancelAsync();
        var routes = await Task.WhenAll(readers);
        Assert.All(routes, count => Assert.True(count > 0));

        long Read(CancellationToken stopped)
        {
            var keyBytes = Encoding.UTF8.GetBytes(key);
            var result = new RouteResult();
            var count = 0L;
            do
            {
                result.Clear();
                catalog.Catalog.Route(exchange, keyBytes, RouteHeaders.None, result);
                var names = result.Queues.ToArray().Select(queue => queue.Name).ToArray();
                Assert.Contains("stays", names);
                Assert.DoesNotContain("never", names);
                Assert.Equal(names.Length, result.Queues.ToArray().Distinct().Count());
                count++;
            }
            while (!stopped.IsCancellationRequested);
            return count;
        }
    }
}
