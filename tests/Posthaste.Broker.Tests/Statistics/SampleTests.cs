using Posthaste.Broker.Statistics;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Statistics;

/// <summary>Rates and histories.</summary>
public sealed class SampleTests
{
    private const int Minute = 60_000;
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();
    private readonly Publisher _publisher;

    public SampleTests() => _publisher = new Publisher(_host);

    private BrokerStatistics Statistics => _host.Broker.Statistics;

    [Fact]
    public void ARateIsTheChangeBetweenTwoSamples()
    {
        var queue = _host.Declare("q");
        Publish("q", 10);
        Pass(BrokerStatistics.PeriodMs);
        Assert.Equal(2, queue.Meter!.Rate(Metric.Enqueued), precision: 3);
        Assert.Equal(2, _host.Host.Meter.Rate(Metric.Enqueued), precision: 3);
        Assert.Equal(2, queue.Meter.Rate(Metric.Ready), precision: 3);

        Publish("q", 5);
        Pass(BrokerStatistics.PeriodMs);
        Assert.Equal(1, queue.Meter.Rate(Metric.Enqueued), precision: 3);

        Pass(BrokerStatistics.PeriodMs);
        Assert.Equal(0, queue.Meter.Rate(Metric.Enqueued));
        Assert.Equal(0, Statistics.Broker.Rate(Metric.Enqueued));
        Assert.Equal(15, queue.Meter.Now.Of(Metric.Enqueued));
    }

    [Fact]
    public void SomebodyWhoLooksInBetweenChangesNoRate()
    {
        var queue = _host.Declare("q");
        Publish("q", 10);
        Assert.Equal(10, _host.Host.Meter.Now.Of(Metric.Enqueued));
        Publish("q", 10);
        Assert.Equal(20, Statistics.Broker.Now.Of(Metric.Enqueued));
        Pass(BrokerStatistics.PeriodMs);

        Assert.Equal(4, queue.Meter!.Rate(Metric.Enqueued), precision: 3);
        Assert.Equal(4, Statistics.Broker.Rate(Metric.Enqueued), precision: 3);
    }

    [Fact]
    public void AHistoryHasTheValuesOfThatTimeAlsoWhereNothingChanged()
    {
        var queue = _host.Declare("q");
        Pass(BrokerStatistics.PeriodMs);
        Publish("q", 3);
        Pass(3 * BrokerStatistics.PeriodMs);
        Publish("q", 4);
        Pass(BrokerStatistics.PeriodMs);

        var history = queue.Meter!.History(Metric.Ready, ageMs: Minute, BrokerStatistics.PeriodMs);
        Assert.Equal([7, 3, 3, 3, 0], history.Select(sample => sample.Value));
        Assert.Equal(_host.Broker.NowMs, history[0].AtMs);
        Assert.All(
            history.Zip(history.Skip(1)),
            pair => Assert.Equal(BrokerStatistics.PeriodMs, pair.First.AtMs - pair.Second.AtMs));
        Assert.Equal(
            [7, 3, 0], queue.Meter.History(Metric.Ready, Minute, 2 * BrokerStatistics.PeriodMs).Select(s => s.Value));
    }

    [Fact]
    public void HistoriesReachTenMinutesBackAndNoFurther()
    {
        var queue = _host.Declare("q");
        for (var i = 0; i < 2 * BrokerStatistics.TicksKept; i++)
        {
            Publish("q", 1);
            Pass(BrokerStatistics.PeriodMs);
        }

        var history = queue.Meter!.History(Metric.Enqueued, ageMs: 60 * Minute, BrokerStatistics.PeriodMs);
        Assert.Equal(BrokerStatistics.TicksKept + 1, history.Count);
        Assert.Equal(2 * BrokerStatistics.TicksKept, history[0].Value);
        Assert.Equal(BrokerStatistics.TicksKept, history[^1].Value);
    }

    [Fact]
    public void WhatRestsForTenMinutesGivesItsHistoryUpAndIsKnownAllTheSame()
    {
        var queue = _host.Declare("q");
        Publish("q", 3);
        for (var i = 0; i < 3 * BrokerStatistics.TicksKept; i++) Pass(BrokerStatistics.PeriodMs);

        var rest = queue.Meter!.History(Metric.Ready, Minute, BrokerStatistics.PeriodMs);
        Assert.Equal([3L], rest.Select(sample => sample.Value).Distinct());

        Publish("q", 1);
        Pass(BrokerStatistics.PeriodMs);
        var history = queue.Meter.History(Metric.Ready, Minute, BrokerStatistics.PeriodMs);
        Assert.Equal([4, 3, 3], history.Take(3).Select(sample => sample.Value));
    }

    /// <summary>By count of work, not by time: ten thousand queues, of which three are in use.</summary>
    [Fact]
    public void ASampleLooksAtWhatHasChangedOnly()
    {
        for (var i = 0; i < 10_000; i++) _host.Declare($"q{i}", durable: false);
        foreach (var name in new[] { "q1", "q2", "q3" }) Publish(name, 1);
        Pass(BrokerStatistics.PeriodMs);

        // Beside the queues: the default exchange, the virtual host, the broker.
        Assert.Equal(6, Statistics.SampledCount);
        Pass(BrokerStatistics.PeriodMs);
        Assert.Equal(0, Statistics.SampledCount);
    }

    [Fact]
    public void MoreObjectsThanThereIsRoomForHaveRatesButNoHistory()
    {
        for (var i = 0; i <= BrokerStatistics.HistoriesMax; i++) _host.Declare($"q{i}", durable: false);
        for (var i = 0; i <= BrokerStatistics.HistoriesMax; i++) Publish($"q{i}", 5);
        Pass(BrokerStatistics.PeriodMs);

        var meters = _host.Broker.Queues.Select(queue => queue.Meter!).ToList();
        Assert.All(meters, meter => Assert.Equal(1, meter.Rate(Metric.Enqueued), precision: 3));
        var without = meters.Where(
            meter => meter.History(Metric.Ready, Minute, BrokerStatistics.PeriodMs).Count == 1).ToList();

        // The default exchange has one too.
        Assert.Equal(2, without.Count);
        Assert.Equal(2, Statistics.Broker.History(Metric.Ready, Minute, BrokerStatistics.PeriodMs).Count);
    }

    [Fact]
    public void OnceAHistoryIsFullSamplesAllocateNothing()
    {
        Assert.True(_host.Host.TryGetExchange("amq.fanout"u8, out var exchange));
        var meter = _host.Host.MeterOf(exchange);
        var nowMs = long.MaxValue / 2;
        for (var i = 0; i < 2 * BrokerStatistics.TicksKept; i++) CountAndSample();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) CountAndSample();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void CountAndSample()
        {
            meter.Count(1, 1);
            Statistics.Sample(nowMs += BrokerStatistics.PeriodMs);
        }
    }

    private void Publish(string queue, int count)
    {
        for (var i = 0; i < count; i++) _publisher.Publish(queue, "m", persistent: false);
        _host.Idle();
    }

    private void Pass(int ms)
    {
        for (; ms > 0; ms -= 500) _host.Time.Advance(500);
    }
}
