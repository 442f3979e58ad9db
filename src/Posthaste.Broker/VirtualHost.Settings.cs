using Posthaste.Broker.Limits;

namespace Posthaste.Broker;

/// <summary>What is said about the virtual host as a whole, and how much it may hold.</summary>
public sealed partial class VirtualHost
{
    private volatile VirtualHostSettings _settings = new();
    private volatile RateQuota? _rates;

    /// <summary>What is said about it, and its limits.</summary>
    public VirtualHostSettings Settings => _settings;

    /// <summary>
    /// Whether what is published and delivered here is shown to whoever traces. Read once per batch, by any thread.
    /// </summary>
    public bool IsTracing => _settings.IsTracing;

    /// <summary>How fast all connections together may publish; null for any rate.</summary>
    internal RateQuota? Rates => _rates;

    /// <summary>Connections now. Belongs to <see cref="UsageLimits"/> and its lock.</summary>
    internal int ConnectionCount { get; set; }

    /// <summary>
    /// Changes the settings, in effect at once: what is there already may stay. Durable once <see
    /// cref="MessageBroker.WhenDurableAsync"/> says so.
    /// </summary>
    /// <param name="change">Makes the new ones of those so far.</param>
    /// <returns>Null, or why it was refused.</returns>
    public string? ChangeSettings(Func<VirtualHostSettings, VirtualHostSettings> change)
    {
        lock (Broker.CatalogLock)
        {
            var settings = change(_settings);
            if (settings == _settings) return null;
            if (settings.Write(Notes) is { } refused) return refused;
            Broker.Events.VirtualHostChanged(Name, before: _settings, settings);
            Take(settings);
            return null;
        }
    }

    /// <summary>All notes are restored: takes what they say.</summary>
    internal void RestoreSettings() => Take(VirtualHostSettings.Read(Notes));

    private void Take(VirtualHostSettings settings)
    {
        _settings = settings;
        _catalog.QueuesMax = settings.Limits.Limit(LimitNames.Queues);
        _catalog.DefaultQueueType = settings.DefaultQueueType;
        _rates = RateQuota.For(settings.Limits, _rates, Broker.Options.ConnectionTime);
        Trace(settings.IsTracing);
    }
}
