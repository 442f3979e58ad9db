using System.Text;
using Posthaste.Core.Catalog;
using Posthaste.Core.Routing;
using Posthaste.Core.Tests.Catalog;
using static Posthaste.Core.Tests.Catalog.TestCatalog;

namespace Posthaste.Core.Tests.Routing;

/// <summary>Topic exchanges as MQTT uses them: very many bindings, long keys, subscribers that come and go.</summary>
public sealed class TopicScaleTests
{
    private const int BindingCount = 200_000;
    private const int QueueCount = 1_000;

    private readonly TestCatalog _catalog = new();

    /// <summary>
    /// Time is no measure on a shared machine; what each step allocates and reaches is. Something that walked or copied
    /// all bindings for one subscriber would show as megabytes.
    /// </summary>
    [Fact]
    public void A_subscriber_more_costs_the_same_beside_very_many()
    {
        for (var i = 0; i < QueueCount; i++) Done(_catalog.Queue($"q{i}"));
        for (var i = 0; i < BindingCount; i++) Done(_catalog.Bind("amq.topic", $"q{i % QueueCount}", Filter(i)));
        Assert.True(_catalog.Catalog.TryGetExchange("amq.topic", out var exchange));
        var result = new RouteResult();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            Done(_catalog.Bind("amq.topic", "q7", $"site.9.device.{i}.new"));
            result.Clear();
            _catalog.Catalog.Route(exchange, "site.9.device.9.temperature"u8, RouteHeaders.None, result);
            Done(_catalog.Unbind("amq.topic", "q7", $"site.9.device.{i}.new"));
        }

        var bytesPerSubscriber = (GC.GetAllocatedBytesForCurrentThread() - before) / 1_000;
        Assert.Equal(["q9"], result.Queues.ToArray().Select(queue => queue.Name));
        Assert.InRange(bytesPerSubscriber, 1, 4_000);
        for (var i = 0; i < BindingCount; i++) Done(_catalog.Unbind("amq.topic", $"q{i % QueueCount}", Filter(i)));
        Assert.Equal(0, _catalog.Catalog.BindingCount);
    }

    [Fact]
    public void Keys_and_filters_may_be_as_long_as_those_of_MQTT()
    {
        Done(_catalog.Queue("exact"));
        Done(_catalog.Queue("pattern"));
        var key = string.Concat(Enumerable.Repeat(new string('w', 255) + ".", 256))[..65_535];
        Assert.Equal(65_535, Encoding.UTF8.GetByteCount(key));
        Done(_catalog.Bind("amq.topic", "exact", key));
        Done(_catalog.Bind("amq.topic", "pattern", "#." + key[^255..]));

        Assert.Equal(["exact", "pattern"], _catalog.Route("amq.topic", key));
        Assert.Equal(["pattern"], _catalog.Route("amq.topic", "v" + key[1..]));
        Assert.Equal([], _catalog.Route("amq.topic", new string('.', 65_535)));

        var definition = new BindingAdded(new BindingDefinition("amq.topic", 1, "", key, []));
        var bytes = new System.Buffers.ArrayBufferWriter<byte>();
        CatalogCodec.Write(definition, bytes);
        Assert.Equal(definition, CatalogCodec.Read(bytes.WrittenSpan));
    }

    [Fact]
    public void What_is_longer_or_deeper_is_refused()
    {
        Done(_catalog.Queue("q"));
        Assert.NotNull(_catalog.Bind("amq.topic", "q", new string('k', 65_536)).Error);
        Assert.NotNull(_catalog.Bind("amq.topic", "q", new string('.', 256)).Error);
        Done(_catalog.Bind("amq.topic", "q", new string('.', 255)));
        Done(_catalog.Bind("amq.direct", "q", new string('.', 256)));

        var catalog = new TestCatalog(new CatalogLimits { BindingKeyBytesTotalMax = 10 }).WithQueues("q");
        Done(catalog.Bind("amq.direct", "q", "12345678"));
        Assert.NotNull(catalog.Bind("amq.direct", "q", "123").Error);
        Done(catalog.Unbind("amq.direct", "q", "12345678"));
        Done(catalog.Bind("amq.direct", "q", "123"));
    }

    private static string Filter(int i) => (i % 3) switch
    {
        0 => $"site.{i % 100}.device.{i}.temperature",
        1 => $"site.{i % 100}.device.{i}.*",
        _ => $"site.{i % 100}.device.{i}.#",
    };
}
