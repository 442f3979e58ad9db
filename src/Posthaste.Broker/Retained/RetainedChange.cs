using Posthaste.Broker.Publishing;
using Posthaste.Core.Messages;
using Posthaste.Core.Retained;

namespace Posthaste.Broker.Retained;

/// <summary>
/// A message on its way to be retained: its copy and the room that is held for it. It takes effect once, when it is
/// durable, or is given up.
/// </summary>
internal sealed class RetainedChange(VirtualHostRetained retained, RetainedHold hold, byte[] message, long ttlMs)
{
    private bool _isUnderWay;
    private bool _isOver;

    public uint HostId => retained.HostId;

    public RetainedHold Hold => hold;

    public byte[] Message => message;

    public long TtlMs => ttlMs;

    /// <summary>Whether the message goes wherever it would go if it were routed now.</summary>
    public bool IsCurrent(Route route) => route.Version == retained.Catalog.Version;

    /// <summary>
    /// Adds queues that were bound since the message was routed, so that it reaches each subscriber that may not find
    /// it here: the pipeline asks <see cref="IsCurrent"/> under the lock under which it takes callbacks too.
    /// </summary>
    public void Refresh(ref OutgoingPublish publish)
    {
        if (!IsCurrent(publish.Route)) retained.Refresh(ref publish);
    }

    /// <summary>The pipeline has it from now on, and notes when it came in.</summary>
    public void SetUnderWay(long receivedAtMs)
    {
        MessageWriter.SetReceivedAt(message, receivedAtMs);
        _isUnderWay = true;
    }

    /// <summary>It was published and is durable, in the journal's order; or it never will be.</summary>
    public void End(bool takeEffect)
    {
        if (_isOver) return;
        _isOver = true;
        retained.End(this, takeEffect);
    }

    /// <summary>Gives it up, unless the pipeline has it.</summary>
    public void Abandon()
    {
        if (!_isUnderWay) End(takeEffect: false);
    }
}
