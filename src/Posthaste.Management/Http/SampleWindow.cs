using System.Globalization;
using Microsoft.AspNetCore.Http;
using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Http;

/// <summary>How far back samples are asked for, and how far apart.</summary>
/// <param name="AgeMs">0 for none.</param>
/// <param name="StepMs">Between two samples.</param>
internal readonly record struct SampleWindow(long AgeMs, long StepMs)
{
    public static SampleWindow None => default;

    public bool IsEmpty => AgeMs == 0;

    /// <summary>Reads `NAME_age` and `NAME_incr`, in seconds, as RabbitMQ's API takes them.</summary>
    /// <exception cref="ApiError">One of them is no number, or there is only one.</exception>
    public static SampleWindow Of(IQueryCollection query, string name)
    {
        var age = query[name + "_age"].ToString();
        var step = query[name + "_incr"].ToString();
        if (age.Length == 0 && step.Length == 0) return None;
        return new SampleWindow(SecondsToMs(age, name + "_age"), SecondsToMs(step, name + "_incr"));
    }

    private static long SecondsToMs(string text, string name) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds > 0
            ? Math.Max(seconds * 1_000L, BrokerStatistics.PeriodMs)
            : throw ApiError.BadRequest($"{name} has to be a number of seconds");
}

/// <summary>The windows of a request: for depths, for messages, for bytes.</summary>
internal sealed record SampleWindows(SampleWindow Lengths, SampleWindow Messages, SampleWindow Bytes)
{
    public static SampleWindows Of(HttpContext context)
    {
        var query = context.Request.Query;
        return new SampleWindows(
            SampleWindow.Of(query, "lengths"), SampleWindow.Of(query, "msg_rates"),
            SampleWindow.Of(query, "data_rates"));
    }
}
