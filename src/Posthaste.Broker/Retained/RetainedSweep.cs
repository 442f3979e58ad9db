using Posthaste.Broker.Scheduling;

namespace Posthaste.Broker.Retained;

/// <summary>Gives back the memory of retained messages that have expired, a part of them with each tick.</summary>
internal sealed class RetainedSweep(MessageBroker broker) : ITickable
{
    public void Tick(long nowMs)
    {
        foreach (var host in broker.VirtualHosts) host.Retained.Sweep();
    }
}
