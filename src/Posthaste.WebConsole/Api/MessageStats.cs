using System.Text.Json.Serialization;

namespace Posthaste.WebConsole.Api;

/// <summary>What happened per second of late, and how that went before. Members are null before anything did.</summary>
public sealed record MessageStats(
    RateView? PublishDetails, RateView? ConfirmDetails, RateView? DeliverGetDetails, RateView? AckDetails,
    RateView? RedeliverDetails, RateView? PublishInDetails, RateView? PublishOutDetails)
{
    public static MessageStats None { get; } = new(null, null, null, null, null, null, null);

    [JsonIgnore]
    public double Publish => PublishDetails?.Rate ?? 0;

    [JsonIgnore]
    public double Deliver => DeliverGetDetails?.Rate ?? 0;

    [JsonIgnore]
    public double Acknowledge => AckDetails?.Rate ?? 0;

    [JsonIgnore]
    public double PublishIn => PublishInDetails?.Rate ?? 0;

    [JsonIgnore]
    public double PublishOut => PublishOutDetails?.Rate ?? 0;
}

/// <summary>A number per second, with earlier values where they were asked for.</summary>
public sealed record RateView(double Rate, IReadOnlyList<SampleView>? Samples);

/// <summary>A counter's or a gauge's value at a time.</summary>
/// <param name="Sample">The value.</param>
/// <param name="Timestamp">Milliseconds since the Unix epoch.</param>
public sealed record SampleView(double Sample, long Timestamp);
