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
