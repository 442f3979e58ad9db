using Posthaste.Broker.Taps;

namespace Posthaste.Broker;

/// <summary>Who watches the messages of all virtual hosts.</summary>
public sealed partial class MessageBroker
{
    /// <summary>What is told of all messages. Changed under the catalog's lock.</summary>
    internal MessageTap[] Taps { get; private set; } = [];

    /// <summary>Adds a tap to all virtual hosts, also to those to come.</summary>
    public void AddTap(MessageTap tap)
    {
        lock (CatalogLock) SetTaps([.. Taps, tap]);
    }

    /// <summary>Takes a tap away. What is under way on other threads may still be told to it.</summary>
    public void RemoveTap(MessageTap tap)
    {
        lock (CatalogLock) SetTaps([.. Taps.Where(other => other != tap)]);
    }

    private void SetTaps(MessageTap[] taps)
    {
        Taps = taps;
        foreach (var host in _hosts.Values) host.RefreshTap();
    }
}
