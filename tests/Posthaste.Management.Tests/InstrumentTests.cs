using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Posthaste.Management.Instruments;

namespace Posthaste.Management.Tests;

/// <summary>The broker's metrics as whoever listens to the meter `Posthaste` gets them.</summary>
public sealed class InstrumentTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Instruments_say_what_the_broker_is_when_they_are_read()
    {
        await api.PutAsync("queues/%2F/instrumented", new JsonObject());
        using var client = new FakeClient(api.Broker, "instrumented");
        await api.PostAsync("exchanges/%2F/amq.default/publish", new JsonObject
        {
            ["routing_key"] = "instrumented",
            ["payload"] = "four",
            ["payload_encoding"] = "string",
            ["properties"] = new JsonObject(),
        });

        using var instruments = new BrokerInstruments(api.Broker);
        var read = Read(instruments);
        Assert.Equal(api.Broker.Queues.Count(), read["posthaste.queue.count"].Sum());
        Assert.Equal(api.Broker.Queues.Sum(queue => queue.MessageCount), read["posthaste.message.ready"].Sum());
        Assert.Equal(0, read["posthaste.alarm"].Sum());
        Assert.Equal(3, read["posthaste.alarm"].Count);
        Assert.True(read["posthaste.message.head.age"].Single() >= 0);

        // In memory nobody knows how much room the disk has.
        Assert.False(read.ContainsKey("posthaste.disk.available"));
    }

    [Fact]
    public void Readings_of_one_instrument_have_different_tags()
    {
        using var instruments = new BrokerInstruments(api.Broker);
        var tags = new List<string>();
        using var listener = Listen(instruments, (_, _, tag) => tags.Add(tag), "posthaste.message.dead_lettered");
        listener.RecordObservableInstruments();
        Assert.Equal(["rejected", "expired", "maxlen", "delivery_limit"], tags.Select(static tag => tag.Split('=')[1]));
    }

    [Fact]
    public void Nothing_is_left_when_the_broker_is_gone()
    {
        var instruments = new BrokerInstruments(api.Broker);
        instruments.Dispose();
        Assert.Empty(Read(instruments));
    }

    /// <summary>When instruments change, paste what this test prints.</summary>
    [Fact]
    public void The_table_of_instruments_is_their_own()
    {
        var text = File.ReadAllText(MetricsTests.Documentation());
        Assert.True(text.Contains(BrokerInstruments.ToMarkdown(), StringComparison.Ordinal),
            BrokerInstruments.ToMarkdown());
    }

    private static Dictionary<string, List<double>> Read(BrokerInstruments instruments)
    {
        var read = new Dictionary<string, List<double>>();
        using var listener = Listen(instruments, (name, value, _) =>
        {
            if (!read.TryGetValue(name, out var values)) read[name] = values = [];
            values.Add(value);
        });
        listener.RecordObservableInstruments();
        return read;
    }

    /// <summary>Other tests have brokers too, and meters of the same name.</summary>
    private static MeterListener Listen(
        BrokerInstruments instruments, Action<string, double, string> hear, string? only = null)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instruments.Has(instrument) && (only is null || only == instrument.Name))
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) => hear(instrument.Name, value, TextOf(tags)));
        listener.SetMeasurementEventCallback<double>(
            (instrument, value, tags, _) => hear(instrument.Name, value, TextOf(tags)));
        listener.Start();
        return listener;
    }

    private static string TextOf(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        tags.IsEmpty ? "" : $"{tags[0].Key}={tags[0].Value}";
}
