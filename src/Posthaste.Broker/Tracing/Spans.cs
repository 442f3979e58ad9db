using System.Diagnostics;

namespace Posthaste.Broker.Tracing;

/// <summary>
/// Spans that begin on one thread and end on another. None of them is ever the current one of a thread, whose own work
/// is another's.
/// </summary>
internal static class Spans
{
    /// <summary>Begins a span.</summary>
    /// <param name="parent">Default: it begins a trace.</param>
    /// <returns>Null when nobody wants it recorded.</returns>
    public static Activity? Start(
        ActivitySource source, string name, ActivityKind kind, in ActivityContext parent, DateTimeOffset at,
        SpanTags tags, params ReadOnlySpan<ActivityContext> links)
    {
        List<ActivityLink>? linked = null;
        foreach (var context in links)
        {
            if (context != default) (linked ??= []).Add(new ActivityLink(context));
        }

        var ambient = Activity.Current;
        Activity.Current = null;
        try
        {
            var span = source.StartActivity(kind, parent, tags.All, linked, at, name);
            if (span is null or { IsAllDataRequested: true, Recorded: true }) return span;
            span.Stop();
            return null;
        }
        finally
        {
            Activity.Current = ambient;
        }
    }

    /// <summary>Says when it ended, to be reported later (<see cref="Report"/>).</summary>
    public static void SetEnd(Activity span, DateTimeOffset at)
    {
        var end = at.UtcDateTime;
        // One without any length would be taken for one that has not ended.
        span.SetEndTime(end > span.StartTimeUtc ? end : span.StartTimeUtc.AddTicks(1));
    }

    /// <summary>Hands over a span whose end is set.</summary>
    public static void Report(Activity span)
    {
        var ambient = Activity.Current;
        span.Stop();
        Activity.Current = ambient;
    }

    public static void End(Activity span, DateTimeOffset at)
    {
        SetEnd(span, at);
        Report(span);
    }

    /// <summary>Notes that what it stands for did not work out.</summary>
    public static void Fail(Activity span, string error)
    {
        span.SetTag("error.type", error);
        span.SetStatus(ActivityStatusCode.Error, error);
    }
}
