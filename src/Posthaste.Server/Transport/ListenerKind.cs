namespace Posthaste.Server.Transport;

/// <summary>
/// A line of the table of listeners: a protocol on one kind of transport, under the name that options, flags and logs
/// use for it.
/// </summary>
/// <param name="Name">The protocol's name; with <c>s</c> over TLS, <c>-ws</c> over WebSocket, <c>-wss</c> over
/// both.</param>
/// <param name="DefaultPort">The port when none is given.</param>
internal sealed record ListenerKind(string Name, int DefaultPort, Protocol Protocol, bool IsWebSocket, bool IsTls)
{
    /// <summary>Every listener that these protocols can have, plain ones first.</summary>
    public static IReadOnlyList<ListenerKind> Of(IReadOnlyList<Protocol> protocols)
    {
        var overWebSocket = protocols.Where(protocol => protocol.WebSocket is not null).ToList();
        return
        [
            .. protocols.Select(p => new ListenerKind(p.Name, p.DefaultPort, p, false, false)),
            .. overWebSocket.Select(p => new ListenerKind($"{p.Name}-ws", p.WebSocket!.DefaultPort, p, true, false)),
            .. protocols.Select(p => new ListenerKind($"{p.Name}s", p.TlsPort, p, false, true)),
            .. overWebSocket.Select(p => new ListenerKind($"{p.Name}-wss", p.WebSocket!.TlsPort, p, true, true)),
        ];
    }
}
