using System.Diagnostics;

namespace Posthaste.Broker.Tracing;

/// <summary>An entry of a queue whose message is traced. On the strand of its queue.</summary>
/// <param name="message">What it is.</param>
/// <param name="parent">The span by which it came into the queue.</param>
/// <param name="readyAt">When.</param>
internal sealed class EntryTrace(TracedMessage message, ActivityContext parent, DateTimeOffset readyAt)
{
    public TracedMessage Message { get; } = message;

    public ActivityContext Parent { get; } = parent;

    /// <summary>Since when it can be delivered: it came, or came back.</summary>
    public DateTimeOffset ReadyAt { get; private set; } = readyAt;

    /// <summary>When it was delivered; null while it is not out.</summary>
    public DateTimeOffset? DeliveredAt { get; private set; }

    /// <summary>The span of its last delivery; default before the first.</summary>
    public ActivityContext Delivery { get; private set; }

    public void Delivered(in ActivityContext delivery, DateTimeOffset at) => (Delivery, DeliveredAt) = (delivery, at);

    public void Returned(DateTimeOffset at) => (ReadyAt, DeliveredAt) = (at, null);
}
