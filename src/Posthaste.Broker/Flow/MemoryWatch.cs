using Posthaste.Broker.Scheduling;

namespace Posthaste.Broker.Flow;

/// <summary>
/// Holds publishers back while transient messages fill the memory that they may use. Looked at with every tick: what
/// comes in between two looks is bounded by the network, and the watermark leaves room for it.
/// </summary>
internal sealed class MemoryWatch(MessageBroker broker) : ITickable
{
    public void Tick(long nowMs)
    {
        var used = broker.Arena.BytesInUse;
        var max = broker.Options.TransientBytesMax;

        // Cleared at nine tenths, so that it does not flap.
        if (used > max) broker.Alarms.Set(ResourceAlarm.Memory, active: true);
        else if (used < max / 10 * 9) broker.Alarms.Set(ResourceAlarm.Memory, active: false);
    }
}
