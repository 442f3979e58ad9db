using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Components;

/// <summary>A line of a plot.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Tone">Class that colours it.</param>
/// <param name="Points">By time, the oldest first.</param>
public sealed record Series(string Label, string Tone, IReadOnlyList<SeriesPoint> Points)
{
    private const double MsPerSecond = 1_000;

    /// <summary>The value at the end; 0 for a line without points.</summary>
    public double Last => Points.Count == 0 ? 0 : Points[^1].Value;

    public double Max => Points.Count == 0 ? 0 : Points.Max(static point => point.Value);

    /// <summary>A gauge as it was.</summary>
    public static Series Of(string label, string tone, RateView? details) => new(
        label, tone,
        [.. Oldest(details).Select(static sample => new SeriesPoint(sample.Timestamp, sample.Sample))]);

    /// <summary>How fast a counter grew between its samples.</summary>
    public static Series RateOf(string label, string tone, RateView? details)
    {
        var samples = Oldest(details).ToList();
        var points = new List<SeriesPoint>();
        for (var i = 1; i < samples.Count; i++)
        {
            var seconds = (samples[i].Timestamp - samples[i - 1].Timestamp) / MsPerSecond;
            if (seconds <= 0) continue;
            points.Add(new SeriesPoint(
                samples[i].Timestamp, Math.Max(0, samples[i].Sample - samples[i - 1].Sample) / seconds));
        }

        return new Series(label, tone, points);
    }

    private static IEnumerable<SampleView> Oldest(RateView? details) => details?.Samples?.Reverse() ?? [];
}

/// <summary>A value at a time.</summary>
/// <param name="AtMs">Milliseconds since the Unix epoch.</param>
/// <param name="Value">The value.</param>
public readonly record struct SeriesPoint(long AtMs, double Value);
