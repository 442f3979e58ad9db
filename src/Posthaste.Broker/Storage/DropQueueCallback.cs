using Posthaste.Broker.Pipeline;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Deletes the segment files of a queue once its end is durable: a crash before brings it back with all its messages.
/// </summary>
internal sealed class DropQueueCallback(MessageBroker broker, ulong queueId) : PipelineCallback
{
    protected internal override void Applied(bool durable, FlushSet flushes)
    {
        if (durable) broker.Loader.Post(_ => broker.Segments!.DeleteDestination(queueId));
    }
}
