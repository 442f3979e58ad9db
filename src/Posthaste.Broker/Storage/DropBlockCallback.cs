using Posthaste.Broker.Pipeline;
using Posthaste.Storage.Segments;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Drops a block of a segment once the settlements of all that was in it are durable: a recovery that finds the file
/// gone finds the reason too.
/// </summary>
internal sealed class DropBlockCallback(MessageBroker broker, SegmentBlockInfo block) : PipelineCallback
{
    protected internal override void Applied(bool durable, FlushSet flushes)
    {
        if (durable) broker.Loader.Post(_ => broker.Segments!.DropBlock(block));
    }
}
