namespace Posthaste.CrashLoop.Clients.Mqtt;

/// <summary>What a subscriber keeps over connections and lives of the broker. One thread at a time.</summary>
internal sealed class SubscriberSession
{
    public const string ClientId = "crash-subscriber";

    private readonly HashSet<ushort> _unreleased = [];

    /// <summary>Whether the broker has acknowledged the subscription, and so has to know the session.</summary>
    public bool IsSubscribed { get; private set; }

    /// <summary>A subscription in a new session.</summary>
    public void Begin()
    {
        _unreleased.Clear();
        IsSubscribed = true;
    }

    /// <summary>Takes a message of QoS 2.</summary>
    /// <returns>False when it was taken before: it is not released yet [MQTT-4.3.3-2].</returns>
    public bool TryTake(ushort packetId) => _unreleased.Add(packetId);

    /// <summary>PUBREL: the identifier stands for another message from now on.</summary>
    public void Release(ushort packetId) => _unreleased.Remove(packetId);
}
