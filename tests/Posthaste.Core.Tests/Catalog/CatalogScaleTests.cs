using static Posthaste.Core.Tests.Catalog.TestCatalog;

namespace Posthaste.Core.Tests.Catalog;

/// <summary>Measures the memory of the process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(CatalogScaleTests), DisableParallelization = true)]
public sealed class AloneInTheProcess;

[Collection(nameof(CatalogScaleTests))]
public sealed class CatalogScaleTests
{
    private const int QueueCount = 100_000;
    private const long BytesPerQueueMax = 500;

    [Fact]
    public void A_hundred_thousand_queues_cost_less_than_500_bytes_each()
    {
        var catalog = new TestCatalog();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < QueueCount; i++)
            Done(catalog.Queue($"orders-{i:D6}", [new("x-max-length", 1000)]));
        var bytesPerQueue = (GC.GetTotalMemory(forceFullCollection: true) - before) / QueueCount;

        Assert.Equal(QueueCount, catalog.Catalog.QueueCount);
        Assert.InRange(bytesPerQueue, 1, BytesPerQueueMax);
    }
}
