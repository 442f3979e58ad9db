namespace Posthaste.Bench.Reports;

/// <summary>Which of two values of a metric is the better one.</summary>
internal enum Better
{
    /// <summary>A rate.</summary>
    Higher,

    /// <summary>A cost or a time.</summary>
    Lower,

    /// <summary>It tells about the measurement, not about the broker.</summary>
    Neither,
}

/// <summary>One figure of one run.</summary>
/// <param name="Name">What was measured, e.g. "delivered".</param>
/// <param name="Unit">Unit of <paramref name="Value"/>, e.g. "msg/s".</param>
/// <param name="Value">The figure.</param>
/// <param name="Better">The direction, for ratios.</param>
internal sealed record Metric(string Name, string Unit, double Value, Better Better)
{
    public static Metric Rate(string name, string unit, double value) => new(name, unit, value, Better.Higher);

    public static Metric Cost(string name, string unit, double value) => new(name, unit, value, Better.Lower);

    public static Metric Note(string name, string unit, double value) => new(name, unit, value, Better.Neither);
}
