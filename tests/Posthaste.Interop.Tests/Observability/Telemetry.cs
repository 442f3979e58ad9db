namespace Posthaste.Interop.Tests.Observability;

/// <summary>A span as it was exported.</summary>
internal sealed record ReceivedSpan(
    string TraceId, string Id, string ParentId, string Name, int Kind, ulong StartNs, ulong EndNs, int Status,
    IReadOnlyDictionary<string, object> Attributes, IReadOnlyList<string> Events,
    IReadOnlyList<(string TraceId, string SpanId)> Links)
{
    /// <summary>What it says of the operation.</summary>
    public string Operation => (string)Attributes["messaging.operation.name"];
}

/// <summary>One value of a metric.</summary>
internal sealed record ReceivedPoint(
    string Metric, string Unit, bool IsMonotonic, double Value, IReadOnlyDictionary<string, object> Attributes);

/// <summary>An entry of the log.</summary>
internal sealed record ReceivedLog(
    string Body, string Severity, string Category, IReadOnlyDictionary<string, object> Attributes);

/// <summary>
/// Reads requests of OTLP 1.x, of which it knows what the tests ask for (opentelemetry-proto, <c>*_service.proto</c>).
/// </summary>
internal static class Telemetry
{
    public static IEnumerable<ReceivedSpan> Spans(ProtoMessage request) =>
        from resource in request.Messages(1)
        from scope in resource.Messages(2)
        from span in scope.Messages(2)
        select new ReceivedSpan(
            span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), (int)span.Number(6), span.Number(7), span.Number(8),
            (int)(span.Messages(15).FirstOrDefault()?.Number(3) ?? 0), Attributes(span, 9),
            [.. span.Messages(11).Select(entry => entry.Text(2))],
            [.. span.Messages(13).Select(link => (link.Hex(1), link.Hex(2)))]);

    public static IEnumerable<ReceivedPoint> Points(ProtoMessage request) =>
        from resource in request.Messages(1)
        from scope in resource.Messages(2)
        from metric in scope.Messages(2)
        from point in Points(metric, 5).Concat(Points(metric, 7)).Concat(Histogram(metric))
        select point;

    public static IEnumerable<ReceivedLog> Logs(ProtoMessage request) =>
        from resource in request.Messages(1)
        from scope in resource.Messages(2)
        from record in scope.Messages(2)
        select new ReceivedLog(
            record.Messages(5).Single().Text(1), record.Text(3), scope.Messages(1).Single().Text(1),
            Attributes(record, 6));

    /// <summary>What the requests say of whom they come from.</summary>
    public static IReadOnlyDictionary<string, object> Resource(ProtoMessage request) =>
        Attributes(request.Messages(1).First().Messages(1).Single(), 1);

    private static IEnumerable<ReceivedPoint> Points(ProtoMessage metric, int kind) =>
        from data in metric.Messages(kind)
        from point in data.Messages(1)
        select new ReceivedPoint(
            metric.Text(1), metric.Text(3), data.Number(3) == 1,
            point.Has(4) ? point.Double(4) : (long)point.Number(6), Attributes(point, 7));

    /// <summary>Its value is how many there were.</summary>
    private static IEnumerable<ReceivedPoint> Histogram(ProtoMessage metric) =>
        from data in metric.Messages(9)
        from point in data.Messages(1)
        select new ReceivedPoint(metric.Text(1), metric.Text(3), true, point.Number(4), Attributes(point, 9));

    private static Dictionary<string, object> Attributes(ProtoMessage of, int field) =>
        of.Messages(field).ToDictionary(pair => pair.Text(1), pair => Value(pair.Messages(2).Single()));

    private static object Value(ProtoMessage value) =>
        value.Has(2) ? value.Number(2) != 0
        : value.Has(3) ? (long)value.Number(3)
        : value.Has(4) ? value.Double(4)
        : value.Has(5) ? value.Messages(5).Single().Messages(1).Select(Value).ToArray()
        : value.Text(1);
}
