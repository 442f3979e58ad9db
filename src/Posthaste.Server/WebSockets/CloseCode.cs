namespace Posthaste.Server.WebSockets;

/// <summary>Why a WebSocket ends [RFC 6455, 7.4].</summary>
internal enum CloseCode : ushort
{
    Normal = 1000,

    /// <summary>The broker stops.</summary>
    GoingAway = 1001,

    ProtocolError = 1002,

    /// <summary>A text message where the protocol takes binary ones only.</summary>
    UnsupportedData = 1003,

    /// <summary>Never on the wire: a close frame without a code.</summary>
    None = 1005,

    /// <summary>A text message that is not UTF-8.</summary>
    InvalidPayload = 1007,
}

/// <summary>Which codes a peer may send.</summary>
internal static class CloseCodes
{
    /// <summary>
    /// Whether the code may be on the wire: those defined and not reserved for what happens without a close frame
    /// (1004-1006, 1015), and those of libraries and applications (3000-4999) [RFC 6455, 7.4.2].
    /// </summary>
    public static bool MayBeSent(ushort code) =>
        code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
}
