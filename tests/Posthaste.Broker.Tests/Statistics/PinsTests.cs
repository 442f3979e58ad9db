using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Statistics;
using Posthaste.Broker.Storage;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Statistics;

/// <summary>Which queues keep memory and disk in use.</summary>
public sealed class PinsTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();
    private readonly Publisher _publisher;

    public PinsTests() => _publisher = new Publisher(_host);

    [Fact]
    public void OneForgottenMessageKeepsItsWholeBlockOfMemory()
    {
        var kept = _host.Declare("kept");
        var passed = _host.Declare("passed");
        _publisher.Publish("kept", "forgotten", persistent: false);
        for (var i = 0; i < 20; i++) _publisher.Publish("passed", new string('x', 100_000), persistent: false);

        var pins = Look();
        Assert.Equal(MessageArena.BlockBytes, pins.Of(kept).MemoryBytes);
        Assert.InRange(pins.Of(passed).MemoryBytes, 2_000_000, 20L * MessageArena.BlockBytes);
        Assert.Equal(0, pins.Of(kept).JournalBytes);

        _host.Drain("passed");
        pins = Look();
        Assert.Equal(MessageArena.BlockBytes, pins.Of(kept).MemoryBytes);
        Assert.Equal(QueuePins.None, pins.Of(passed));
        Assert.Same(kept, Assert.Single(pins.ByQueue).Key);
    }

    [Fact]
    public void AMessageLargerThanABlockCountsAsItIs()
    {
        var queue = _host.Declare("large");
        _publisher.Publish("large", new string('x', 3 * MessageArena.BlockBytes), persistent: false);
        Assert.InRange(
            Look().Of(queue).MemoryBytes, 3L * MessageArena.BlockBytes, (3L * MessageArena.BlockBytes) + 1_000);
    }

    /// <summary>Also one that is out, and one that stands behind others of its queue.</summary>
    [Fact]
    public void TheOldestMessageOfAQueueSaysHowMuchJournalItKeeps()
    {
        var old = _host.Declare("old", [new("x-max-priority", 3)]);
        var young = _host.Declare("young");
        _publisher.Publish("old", "first");
        _host.Consume("old", prefetch: 1);
        _host.Idle();
        for (var i = 0; i < 100; i++) _publisher.Publish("young", new string('x', 1_000));
        _publisher.Publish("old", "second");
        _host.Idle();

        var pins = Look();
        var (ofOld, ofYoung) = (pins.Of(old), pins.Of(young));
        Assert.Equal(1, old.UnackedCount);
        Assert.InRange(ofYoung.JournalBytes, 100_000, ofOld.JournalBytes);
        Assert.True(ofOld.JournalPosition < ofYoung.JournalPosition);
        Assert.True(ofOld.JournalBytes <= _host.Broker.LookAtStorage().JournalBytes);
        Assert.Equal(0, ofOld.MemoryBytes);
    }

    /// <summary>The survey gives the strand back in between, so it has to go on where it was.</summary>
    [Fact]
    public void ALongBacklogIsLookedThroughToItsEnd()
    {
        var queue = _host.Declare("long", durable: false);
        for (var i = 0; i < 40_000; i++) _publisher.Publish("long", new string('x', 200), persistent: false);
        Assert.InRange(
            Look().Of(queue).MemoryBytes, 8_000_000, _host.Broker.LookAtStorage().TransientBytes);
    }

    [Fact]
    public void WhatIsInSegmentsCountsAsTheirFiles()
    {
        var queue = _host.Declare("backlog");
        for (var i = 0; i < 3_000; i++)
        {
            _publisher.Publish("backlog", new string('x', 4_000));
            if (i % 100 == 0) _host.Idle();
        }

        _host.Idle();
        var files = _host.Device!.List("segments").Sum(static file => file.LengthBytes);
        Assert.True(files > 0);
        Assert.InRange(Look().Of(queue).SegmentBytes, files / 2, files);
    }

    [Fact]
    public void DelayedMessagesHoldWhatTheyHold()
    {
        _host.Host.DeclareExchange(
            "later", "x-delayed-message", false, true, false, false, [new("x-delayed-type", "fanout")]);
        _publisher.DelayMs = 60_000;
        _publisher.Add("later", "", "x"u8.ToArray(), persistent: true);
        _publisher.Flush();
        _host.Idle();
        var (queue, pins) = Assert.Single(Look().ByQueue);
        Assert.True(queue.IsForDelayed);
        Assert.True(pins.JournalBytes > 0);
    }

    [Fact]
    public void WhoLooksTwiceBetweenSamplesGetsTheSame()
    {
        _host.Declare("q");
        var first = _host.Broker.LookAtPins();
        _publisher.Publish("q", "x");
        _host.Idle();
        Assert.Same(first, _host.Broker.LookAtPins());
        Assert.NotEmpty(Look().ByQueue);
    }

    /// <summary>After the next sample.</summary>
    private Pins Look()
    {
        for (var ms = 0; ms < BrokerStatistics.PeriodMs; ms += BrokerTicker.PeriodMs)
            _host.Time.Advance(BrokerTicker.PeriodMs);
        return _host.Broker.LookAtPins();
    }
}
