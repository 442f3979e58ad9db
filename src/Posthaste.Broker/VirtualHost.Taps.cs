using Posthaste.Broker.Taps;

namespace Posthaste.Broker;

/// <summary>Who watches the messages of the virtual host.</summary>
public sealed partial class VirtualHost
{
    private MessageTap[] _taps = [];
    private Firehose? _firehose;
    private volatile MessageTap? _tap;

    /// <summary>What is told of its messages; null for nobody. Read once per batch of work.</summary>
    internal MessageTap? Tap => _tap;

    /// <summary>Adds a tap: told of what happens from now on.</summary>
    public void AddTap(MessageTap tap)
    {
        lock (Broker.CatalogLock)
        {
            _taps = [.. _taps, tap];
            RefreshTap();
        }
    }

    /// <summary>Takes a tap away. What is under way on other threads may still be told to it.</summary>
    public void RemoveTap(MessageTap tap)
    {
        lock (Broker.CatalogLock)
        {
            _taps = [.. _taps.Where(other => other != tap)];
            RefreshTap();
        }
    }

    /// <summary>Under the catalog's lock: the broker's taps have changed, or its own.</summary>
    internal void RefreshTap() => _tap = TapSet.Of([.. Broker.Taps, .. _taps]);

    /// <summary>Switches the firehose on or off.</summary>
    private void Trace(bool isOn)
    {
        lock (Broker.CatalogLock)
        {
            if (isOn == _firehose is not null) return;
            if (isOn) AddTap(_firehose = new Firehose(this));
            else RemoveTap(_firehose!);
            if (!isOn) _firehose = null;
        }
    }
}
