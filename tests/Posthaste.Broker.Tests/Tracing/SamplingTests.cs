using System.Diagnostics;
using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Tests.Taps;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Tracing;

/// <summary>Which messages are traced, and what it costs that others are not.</summary>
public sealed class SamplingTests
{
    private static readonly string?[] Parents =
    [
        null, "", "nonsense", "00-00000000000000000000000000000000-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03",
    ];

    /// <summary>The lowest bit says that the publisher records it.</summary>
    private static bool IsSampled(string? parent) => !IsAlone(parent) && parent![^1] is '1' or '3';

    /// <summary>Whether a message has no trace that it could be part of: none, or one that is malformed.</summary>
    private static bool IsAlone(string? parent) => parent is not ['0', '0', '-', '0', 'a', ..];

    [Fact]
    public void WithoutARatioThoseAreTracedWhosePublishersTraceThem() =>
        Check(ratio: 0, static parents => parents.Count(IsSampled));

    [Fact]
    public void WithAFullRatioThoseWithoutATraceBeginOne() =>
        Check(ratio: 1, static parents => parents.Count(static parent => IsAlone(parent) || IsSampled(parent)));

    [Fact]
    public void ARatioIsAbout()
    {
        var host = new BrokerHost(device: null);
        host.Options.Tracing.Ratio = 0.25;
        host.Open();
        host.Declare("q", durable: false);
        using var recorder = new SpanRecorder(host.Broker);
        var publisher = new Publisher(host.Connection);
        for (var i = 0; i < 4_000; i++) publisher.Publish("q", "m", persistent: false);

        // Ten standard deviations (27) around a quarter.
        var count = recorder.Names.Count(static name => name == "publish amq.default");
        Assert.InRange(count, 730, 1_270);
        Assert.All(
            recorder.Spans.Where(static span => span.Kind == ActivityKind.Server),
            static span => Assert.Equal(default, span.ParentSpanId));
    }

    [Fact]
    public void TheOldestAreForgottenWhenThereAreTooMany()
    {
        var host = new BrokerHost(device: null);
        host.Options.Tracing.MessagesMax = 3;
        host.Options.Tracing.Ratio = 1;
        host.Open();
        host.Declare("q", durable: false);
        using var recorder = new SpanRecorder(host.Broker);
        var publisher = new Publisher(host.Connection);
        for (var i = 0; i < 10; i++) publisher.Publish("q", $"{i}", persistent: false);
        Assert.Equal(3, host.Broker.Tracing.Tracer!.EntryCount);
        host.Consume("q", noAck: true);
        host.Idle();

        Assert.Equal(10, recorder.Names.Count(static name => name == "publish amq.default"));
        Assert.Equal(
            recorder.Spans.Where(static span => span.DisplayName == "publish amq.default").TakeLast(3)
                .Select(static span => span.SpanId),
            recorder.Spans.Where(static span => span.DisplayName == "deliver q")
                .Select(static span => span.ParentSpanId));
        Assert.Equal(0, host.Broker.Tracing.Tracer!.EntryCount);
    }

    [Fact]
    public void MessagesThatAreNotSampledAllocateNothing()
    {
        var host = new BrokerHost(device: null).Open();
        var queue = host.Declare("q", durable: false);
        queue.Consume(new SilentSubscription { NoAck = true }, FlushSet.ForThisThread);
        using var recorder = new SpanRecorder(host.Broker);
        Assert.NotNull(host.Host.Tap);
        host.Host.CreateRouteCache().Resolve(""u8, "q"u8, out var route);
        var batch = new PublishBatch(host.Connection);
        var properties = GC.AllocateArray<byte>(200, pinned: true);
        Assert.Equal(0, Allocations.OfHundred(() => Publish(batch, route, properties)));
        Assert.Empty(recorder.Spans);
    }

    [Fact]
    public void NobodyIsToldWhileNobodyListens()
    {
        var host = new BrokerHost(device: null).Open();
        var recorder = new SpanRecorder(host.Broker);
        Assert.NotNull(host.Host.Tap);
        recorder.Dispose();
        host.Broker.Tracing.Look();
        Assert.Null(host.Host.Tap);
        Assert.Null(host.Broker.Tracing.Tracer);
    }

    private static unsafe void Publish(PublishBatch batch, Route route, byte[] pinnedProperties)
    {
        for (var i = 0; i < 10; i++)
        {
            ref var message = ref batch.Add();
            message = new OutgoingPublish { Route = route, TtlMs = -1, Format = PropertyFormat.Broker };
            message.Properties = (byte*)Unsafe.AsPointer(ref pinnedProperties[0]);
            message.PropertiesLength = pinnedProperties.Length;
        }

        batch.Flush(FlushSet.ForThisThread);
    }

    private static void Check(double ratio, Func<string?[], int> expected)
    {
        Prop.ForAll(Gen.Elements(Parents).ArrayOf().ToArbitrary(), parents =>
        {
            var host = new BrokerHost(new FaultyDevice(1));
            host.Options.Tracing.Ratio = ratio;
            host.Open();
            host.Declare("q");
            using var recorder = new SpanRecorder(host.Broker);
            var publisher = new Publisher(host.Connection);
            foreach (var parent in parents)
            {
                publisher.Headers = parent is null ? null : FieldTable.Create([new("traceparent", parent)]);
                publisher.Publish("q", "m");
            }

            host.Idle();
            host.Consume("q", noAck: true);
            host.Idle();
            Assert.Equal(parents.Length, publisher.ConfirmedCount);
            return recorder.Names.Count(static name => name == "publish amq.default") == expected(parents)
                && recorder.Names.Count(static name => name == "deliver q") == expected(parents)
                && host.Broker.Tracing.Tracer!.EntryCount == 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50).WithQuietOnSuccess(true));
    }
}
