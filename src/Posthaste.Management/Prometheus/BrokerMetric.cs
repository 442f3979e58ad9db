namespace Posthaste.Management.Prometheus;

/// <summary>
/// One metric of the broker as a whole: a line of `/metrics`, and perhaps an OpenTelemetry instrument.
/// </summary>
/// <param name="Name">Behind Prometheus' prefix.</param>
/// <param name="Help">For people.</param>
/// <param name="Instrument">What OpenTelemetry calls it; null for what it has no need of.</param>
/// <param name="Read">Its values now.</param>
internal sealed record BrokerMetric(
    string Name, string Help, InstrumentName? Instrument, Func<Scrape, IEnumerable<Reading>> Read)
{
    public bool IsCounter => IsCounterName(Name);

    /// <summary>Counters end in `_total`, by Prometheus' rules.</summary>
    public static bool IsCounterName(string name) => name.EndsWith("_total", StringComparison.Ordinal);
}

/// <summary>A value of a metric.</summary>
/// <param name="Value">Not a number where nobody knows it.</param>
/// <param name="Protocol">Whose part it is, as listeners are named; null for all of it.</param>
internal readonly record struct Reading(double Value, string? Protocol = null)
{
    /// <summary>RabbitMQ's dashboards say `amqp091`.</summary>
    public Label[] Labels => Protocol is null ? [] : [new("protocol", Protocol == "amqp" ? "amqp091" : Protocol)];
}

/// <summary>What OpenTelemetry calls a metric. Metrics of one name are one instrument, told apart by a tag.</summary>
/// <param name="Name">As in `posthaste.message.published`.</param>
/// <param name="Unit">In UCUM's words: `By`, `s`, `{message}`.</param>
internal sealed record InstrumentName(string Name, string Unit)
{
    /// <summary>What tells it from others of the same name; null when it is the only one.</summary>
    public KeyValuePair<string, object?>? Tag { get; init; }
}
