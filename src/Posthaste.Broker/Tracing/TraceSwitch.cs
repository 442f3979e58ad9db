using System.Diagnostics;
using Posthaste.Broker.Scheduling;

namespace Posthaste.Broker.Tracing;

/// <summary>
/// Traces messages while somebody listens: nobody has to say so to the broker, and while nobody does messages cost
/// nothing. Looked at with every tick.
/// </summary>
internal sealed class TraceSwitch(MessageBroker broker) : ITickable, IDisposable
{
    private MessageTracer? _tracer;

    /// <summary>Where the spans come from; several brokers of one process have sources of one name.</summary>
    public ActivitySource Source { get; } = new(MessageBroker.TraceSourceName);

    /// <summary>What is traced now; null while nobody listens.</summary>
    public MessageTracer? Tracer => _tracer;

    public void Tick(long nowMs) => Look();

    /// <summary>Begins or ends tracing when listeners have come or gone. One thread at a time.</summary>
    public void Look()
    {
        if (Source.HasListeners() == _tracer is not null) return;
        if (_tracer is { } tracer)
        {
            _tracer = null;
            broker.RemoveTap(tracer);
        }
        else
        {
            broker.AddTap(_tracer = new MessageTracer(broker, Source));
        }
    }

    public void Dispose() => Source.Dispose();
}
