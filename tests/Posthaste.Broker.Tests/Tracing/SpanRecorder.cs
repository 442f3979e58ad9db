using System.Diagnostics;

namespace Posthaste.Broker.Tests.Tracing;

/// <summary>Keeps the spans of one broker, whatever else traces in this process.</summary>
internal sealed class SpanRecorder : IDisposable
{
    private readonly List<Activity> _spans = [];
    private readonly ActivityListener _listener;

    public SpanRecorder(MessageBroker broker)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => ReferenceEquals(source, broker.Tracing.Source),
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                lock (_spans) _spans.Add(span);
            },
        };
        ActivitySource.AddActivityListener(_listener);
        broker.Tracing.Look();
    }

    /// <summary>In the order in which they ended.</summary>
    public IReadOnlyList<Activity> Spans
    {
        get
        {
            lock (_spans) return [.. _spans];
        }
    }

    public IEnumerable<string> Names => Spans.Select(static span => span.DisplayName);

    public Activity The(string name) => Assert.Single(Spans, span => span.DisplayName == name);

    public void Clear()
    {
        lock (_spans) _spans.Clear();
    }

    public void Dispose() => _listener.Dispose();
}
