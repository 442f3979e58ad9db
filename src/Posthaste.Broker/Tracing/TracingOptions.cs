namespace Posthaste.Broker.Tracing;

/// <summary>
/// Which messages are traced where somebody listens to the source <see cref="MessageBroker.TraceSourceName"/>: those
/// whose publishers trace them (`traceparent` with its flag `sampled`), and a share of those without a trace.
/// </summary>
public sealed class TracingOptions
{
    /// <summary>
    /// Share of the messages without a `traceparent` that a trace is begun for, from 0 to 1. Default 0: who wants
    /// traces begins them where the work begins.
    /// </summary>
    public double Ratio { get; set; }

    /// <summary>
    /// Traced messages in queues that are remembered, so that deliveries and settlements of them are traced; then the
    /// oldest are forgotten, and nothing more is traced of them. Default 10,000: about 10 MB.
    /// </summary>
    public int MessagesMax { get; set; } = 10_000;

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal void Validate()
    {
        if (Ratio is not (>= 0 and <= 1))
            throw new ArgumentException($"The ratio of traces is {Ratio}, but has to be 0 to 1.");
        if (MessagesMax < 1)
            throw new ArgumentException($"The number of traced messages is {MessagesMax}, but has to be at least 1.");
    }
}
