namespace Posthaste.Broker.Protocols;

/// <summary>
/// A protocol that Posthaste speaks: what a listener needs to know of it. One instance serves all connections.
/// </summary>
public interface IProtocolHandler
{
    /// <summary>Name of the listener in options, flags and logs: <c>amqp</c>, <c>mqtt</c>, …</summary>
    string Name { get; }

    /// <summary>The port that clients of the protocol try first.</summary>
    int DefaultPort { get; }

    /// <summary>
    /// Serves one connection until it ends; returns when the transport can be closed. Never throws for what a peer
    /// does. When <paramref name="stopping"/> fires the broker shuts down: the session says so to its peer in the
    /// protocol's own words and ends within a few seconds.
    /// </summary>
    Task ServeAsync(ProtocolConnection connection, CancellationToken stopping);
}
