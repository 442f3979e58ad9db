namespace Posthaste.Bench.Load;

/// <summary>Set once to tell load threads to finish.</summary>
internal sealed class StopSignal
{
    private volatile bool _isSet;

    public bool IsSet => _isSet;

    public void Set() => _isSet = true;
}
