using Posthaste.Broker.Policies;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>What policies make of a queue. Messages never ask: the machine has the settings that follow.</summary>
public sealed partial class BrokerQueue
{
    private volatile AppliedPolicies _policies;

    /// <summary>The policies that count for it now.</summary>
    public AppliedPolicies Policies => _policies;

    /// <summary>
    /// Takes the policies of the virtual host as they are now, if they are not what it has. What is too many by them
    /// leaves at once; who waits for `expires` waits from now on.
    /// </summary>
    internal void RefreshPolicies(FlushSet flushes)
    {
        if (Host.Policies.IsCurrent(_policies)) return;
        using var turn = Enter(flushes);
        if (turn.IsGone || !TryTakePolicies(out var settings)) return;
        if (settings.ExpiresMs != _machine.Settings.ExpiresMs) _lastUsedMs = _nowMs;
        var refused = RefusesWhenFull;
        _machine.Update(settings, _nowMs);
        if (RefusesWhenFull != refused) ForgetFlight();
        Drain();
    }

    /// <summary>Takes in a message again, under the policies of that time.</summary>
    internal void RestoreAppend(in Arrival arrival, long receivedAtMs)
    {
        RestorePolicies();
        _machine.RestoreAppend(in arrival, receivedAtMs);
    }

    private void RestorePolicies()
    {
        Host.Policies.CatchUp();
        if (!Host.Policies.IsCurrent(_policies) && TryTakePolicies(out var settings))
            _machine.RestoreSettings(settings);
    }

    /// <returns>False when the same ones count as before.</returns>
    private bool TryTakePolicies(out QueueSettings settings)
    {
        var before = _policies;
        _policies = Host.Policies.ForQueue(Definition);
        settings = _policies.SettingsOf(Definition);
        return !_policies.SameAs(before);
    }

    /// <summary>
    /// Only a queue that refuses counts what is on its way. Whether it does may change meanwhile: then it counts anew,
    /// and what arrives without having been counted counts for nothing.
    /// </summary>
    private void ForgetFlight()
    {
        Interlocked.Exchange(ref _inFlightCount, 0);
        Interlocked.Exchange(ref _inFlightBytes, 0);
    }

    private void LeaveFlight(int bodyBytes)
    {
        if (Interlocked.Decrement(ref _inFlightCount) < 0) ForgetFlight();
        else Interlocked.Add(ref _inFlightBytes, -bodyBytes);
    }
}
