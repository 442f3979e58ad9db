using System.Collections.Immutable;

namespace Posthaste.Broker.Limits;

/// <summary>
/// What limits are called in requests and definition files. A negative value is no limit, as in RabbitMQ; the rates
/// are this broker's own.
/// </summary>
public static class LimitNames
{
    /// <summary>Connections at a time, over all protocols.</summary>
    public const string Connections = "max-connections";

    /// <summary>Channels at a time; a connection of a protocol without channels counts as one.</summary>
    public const string Channels = "max-channels";

    /// <summary>Queues of a virtual host.</summary>
    public const string Queues = "max-queues";

    /// <summary>Messages published per second.</summary>
    public const string MessageRate = "max-messages-per-second";

    /// <summary>Bytes of bodies of messages published per second.</summary>
    public const string ByteRate = "max-bytes-per-second";

    public static ImmutableArray<string> OfVirtualHosts { get; } = [Connections, Queues, MessageRate, ByteRate];

    public static ImmutableArray<string> OfUsers { get; } = [Connections, Channels, MessageRate, ByteRate];

    /// <summary>A limit out of a map; null for none.</summary>
    public static long? Limit(this ImmutableSortedDictionary<string, long> limits, string name) =>
        limits.TryGetValue(name, out var value) && value >= 0 ? value : null;
}
