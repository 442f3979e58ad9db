using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Posthaste.Broker;
using Posthaste.Client;
using Posthaste.Management.Instruments;
using Posthaste.Server.Tests.Support;

namespace Posthaste.Server.Tests.Hosting;

/// <summary>What a host that has OpenTelemetry, or anything else that listens, gets of a broker inside it.</summary>
public sealed class TelemetryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_listens_gets_metrics_and_spans_without_a_word_to_the_broker()
    {
        var queue = $"listened-{Guid.NewGuid():n}";
        var spans = new ConcurrentQueue<Activity>();
        using var traces = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == MessageBroker.TraceSourceName,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        await using var broker = await PosthasteBroker.StartAsync(
            static options => options.Broker.Tracing.Ratio = 1, Cancellation);

        // Hosts start their listeners before or after the broker, as it comes.
        ActivitySource.AddActivityListener(traces);
        await Eventually.PassesAsync(async () =>
        {
            await PublishAsync(broker, queue);
            Assert.Contains(spans, span => queue.Equals(span.GetTagItem("messaging.destination.name")));
            Assert.True(Read("posthaste.message.published") > 0);
        });
    }

    private static async Task PublishAsync(PosthasteBroker broker, string queue)
    {
        await using var client =
            await AmqpClient.ConnectAsync(AmqpAddress.Parse(broker.AmqpUri.ToString()), "telemetry", Cancellation);
        await client.DeclareQueueAsync(queue, isDurable: false, Cancellation);
        await client.SelectConfirmsAsync(Cancellation);
        var publisher = new ConfirmedPublisher(client);

        // No property at all: flags that say so.
        await publisher.PublishAsync(
            Array.Empty<byte>(), Encoding.UTF8.GetBytes(queue), new byte[] { 0, 0 }, new byte[8], Cancellation);
        await publisher.WaitForConfirmsAsync(Cancellation);
    }

    private static long Read(string name)
    {
        var sum = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == BrokerInstruments.MeterName && instrument.Name == name)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => sum += value);
        listener.Start();
        listener.RecordObservableInstruments();
        return sum;
    }
}
