namespace Posthaste.Server.Transport;

/// <summary>
/// A line of the table of listeners: a protocol on one kind of transport, under the name that options, flags and logs
/// use for it.
/// </summary>
/// <param name="Name">The protocol's name; with <c>-ws</c> over WebSocket.</param>
/// <param name="DefaultPort">The port when none is given.</param>
internal sealed record ListenerKind(string Name, int DefaultPort, Protocol Protocol, bool IsWebSocket)
{
    /// <summary>Every listener that these protocols can have, plain ones first.</summary>
    public static IReadOnlyList<ListenerKind> Of(IReadOnlyList<Protocol> protocols) =>
    [
        .. protocols.Select(protocol => new ListenerKind(protocol.Name, protocol.DefaultPort, protocol, false)),
        .. protocols.Where(protocol => protocol.WebSocket is not null).Select(protocol =>
            new ListenerKind($"{protocol.Name}-ws", protocol.WebSocket!.DefaultPort, protocol, true)),
    ];
}
