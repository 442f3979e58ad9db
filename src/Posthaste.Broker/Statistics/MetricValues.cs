using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Posthaste.Broker.Statistics;

/// <summary>One number for each <see cref="Metric"/>.</summary>
[InlineArray(Count)]
public struct MetricValues
{
    internal const int Count = (int)Metric.Unacknowledged + 1;

    private const int CounterCount = (int)Metric.Ready;

    private long _first;

    /// <summary>The number of one metric.</summary>
    public readonly long Of(Metric metric) => Span(in this)[(int)metric];

    /// <summary>Messages delivered in any of the four ways.</summary>
    public readonly long DeliveredOrGot =>
        Of(Metric.Delivered) + Of(Metric.DeliveredNoAck) + Of(Metric.Got) + Of(Metric.GotNoAck);

    internal void Set(Metric metric, long value) => Span(in this)[(int)metric] = value;

    internal void Add(in MetricValues other)
    {
        for (var i = 0; i < Count; i++) this[i] += other[i];
    }

    internal void Subtract(in MetricValues other)
    {
        for (var i = 0; i < Count; i++) this[i] -= other[i];
    }

    /// <summary>The object is gone: what it counted stays counted, what was in it is no more.</summary>
    internal void ClearGauges() => Span(in this)[CounterCount..].Clear();

    internal readonly bool IsZero => !Span(in this).ContainsAnyExcept(0);

    private static Span<long> Span(ref readonly MetricValues values) =>
        MemoryMarshal.CreateSpan(ref Unsafe.AsRef(in values._first), Count);
}
