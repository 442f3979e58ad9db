namespace Posthaste.Broker.Flow;

/// <summary>A resource that is nearly used up.</summary>
[Flags]
public enum ResourceAlarm
{
    None = 0,

    /// <summary>Transient messages fill the memory that they may use.</summary>
    Memory = 1,

    /// <summary>The disk has less room than it should keep.</summary>
    Disk = 2,

    /// <summary>The journal has failed and takes nothing more until restart.</summary>
    Journal = 4,
}

/// <summary>
/// Resources that are short now. While any is, publishers are held back and told so; consumers, acknowledgements and
/// declarations go on, since they are what frees resources.
/// </summary>
public sealed class ResourceAlarms
{
    private readonly Lock _lock = new();
    private volatile int _active;

    /// <summary>Raised after a change, on the thread that found it. Handlers must be short.</summary>
    public event Action? Changed;

    public ResourceAlarm Active => (ResourceAlarm)_active;

    public bool PublishersBlocked => _active != 0;

    /// <summary>What a blocked publisher is told; RabbitMQ's words where it has some.</summary>
    public string Reason => Active switch
    {
        ResourceAlarm.None => "",
        ResourceAlarm.Memory => "low on memory",
        ResourceAlarm.Disk => "low on disk",
        ResourceAlarm.Memory | ResourceAlarm.Disk => "low on memory & disk",
        _ => "the journal has failed; restart the broker",
    };

    internal void Set(ResourceAlarm alarm, bool active)
    {
        lock (_lock)
        {
            var next = active ? _active | (int)alarm : _active & ~(int)alarm;
            if (next == _active) return;
            _active = next;
        }

        Changed?.Invoke();
    }
}
