using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Posthaste.Server.Transport;

namespace Posthaste.Server.WebSockets;

/// <summary>
/// A request to open a WebSocket, judged [RFC 6455, 4.2]: either what to answer it with and which protocol it is
/// for, or the HTTP status and the sentence that refuse it.
/// </summary>
internal sealed record Handshake
{
    private const int KeyBytes = 16;
    private const string Version = "13";
    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    // Clients of both protocols have one of these as their default; which protocol it is says the sub-protocol.
    private static readonly string[] Paths = ["/ws", "/mqtt", "/stomp"];

    /// <summary>101, or the status of the refusal.</summary>
    public int Status { get; private init; } = StatusCodes.Status101SwitchingProtocols;

    /// <summary>Why it is refused, for the client; empty when it is not.</summary>
    public string Refusal { get; private init; } = "";

    /// <summary>What is spoken; null when refused.</summary>
    public Protocol? Protocol { get; private init; }

    /// <summary>The sub-protocol to answer with; empty when the client offered none.</summary>
    public string SubProtocol { get; private init; } = "";

    /// <summary>The answer to the client's key; empty when refused.</summary>
    public string Accept { get; private init; } = "";

    /// <summary>Judges a request.</summary>
    /// <param name="request">The request's head.</param>
    /// <param name="isUpgradable">Whether it asks to upgrade an HTTP/1.1 connection.</param>
    /// <param name="own">The listener's own protocol: meant when the client offers no sub-protocol.</param>
    /// <param name="protocols">All that are spoken over WebSocket here.</param>
    public static Handshake Read(
        IHttpRequestFeature request, bool isUpgradable, Protocol own, IEnumerable<Protocol> protocols,
        OriginPolicy origins)
    {
        var headers = request.Headers;
        if (!Paths.Contains(request.Path, StringComparer.Ordinal))
            return Refuse(StatusCodes.Status404NotFound, $"WebSockets are at {string.Join(", ", Paths)}");
        if (!HttpMethods.IsGet(request.Method))
            return Refuse(StatusCodes.Status405MethodNotAllowed, "a WebSocket is opened with GET");
        if (!isUpgradable || !HasToken(headers.Upgrade, "websocket"))
            return Refuse(StatusCodes.Status426UpgradeRequired, "only WebSockets are served here");
        if (headers.SecWebSocketVersion != Version)
            return Refuse(StatusCodes.Status426UpgradeRequired, $"Sec-WebSocket-Version has to be {Version}");
        if (!IsKey(headers.SecWebSocketKey.ToString()))
            return Refuse(StatusCodes.Status400BadRequest, "Sec-WebSocket-Key has to be 16 bytes in base64");
        if (!origins.Allows(headers.Origin.ToString()))
            return Refuse(StatusCodes.Status403Forbidden, "pages of this origin may not connect");
        return Choose(headers, own, [.. protocols]);
    }

    /// <summary>Refuses with a status and a sentence.</summary>
    public static Handshake Refuse(int status, string reason) => new() { Status = status, Refusal = reason };

    /// <summary>The headers of the answer.</summary>
    public void WriteTo(IHeaderDictionary headers)
    {
        switch (Status)
        {
            case StatusCodes.Status101SwitchingProtocols:
                headers.Upgrade = "websocket";
                headers.SecWebSocketAccept = Accept;
                if (SubProtocol.Length > 0) headers.SecWebSocketProtocol = SubProtocol;
                return;
            case StatusCodes.Status426UpgradeRequired:
                headers.Upgrade = "websocket";
                headers.SecWebSocketVersion = Version;
                headers.Connection = "Upgrade, close";
                break;
            case StatusCodes.Status405MethodNotAllowed:
                headers.Allow = HttpMethods.Get;
                headers.Connection = "close";
                break;
            default:
                headers.Connection = "close";
                break;
        }

        headers.ContentType = "text/plain; charset=utf-8";
    }

    /// <summary>The first sub-protocol of the client's list that is spoken here [RFC 6455, 4.2.2].</summary>
    private static Handshake Choose(IHeaderDictionary headers, Protocol own, Protocol[] protocols)
    {
        var offered = Tokens(headers.SecWebSocketProtocol).ToArray();
        foreach (var name in offered)
        {
            // The names of sub-protocols are compared by case [RFC 6455, 11.5].
            var protocol = Array.Find(protocols, p => p.WebSocket!.SubProtocols.Contains(name, StringComparer.Ordinal));
            if (protocol is not null) return Open(headers, protocol, name);
        }

        // A browser that offered some takes no answer without one, so there is no use in opening.
        if (offered.Length == 0) return Open(headers, own, "");
        var spoken = string.Join(", ", protocols.SelectMany(protocol => protocol.WebSocket!.SubProtocols));
        return Refuse(StatusCodes.Status400BadRequest, $"Sec-WebSocket-Protocol has to be one of {spoken}");
    }

    private static Handshake Open(IHeaderDictionary headers, Protocol protocol, string subProtocol)
    {
#pragma warning disable CA5350 // The answer proves that the server speaks WebSocket; it is defined with SHA-1.
        var hash = SHA1.HashData(Encoding.ASCII.GetBytes(headers.SecWebSocketKey.ToString().Trim() + AcceptSuffix));
#pragma warning restore CA5350
        return new Handshake
        {
            Protocol = protocol,
            SubProtocol = subProtocol,
            Accept = Convert.ToBase64String(hash),
        };
    }

    private static bool IsKey(string text)
    {
        Span<byte> key = stackalloc byte[KeyBytes + 2];
        return Convert.TryFromBase64String(text.Trim(), key, out var bytes) && bytes == KeyBytes;
    }

    private static bool HasToken(StringValues header, string token) =>
        Tokens(header).Contains(token, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<string> Tokens(StringValues header) =>
        header.SelectMany(line => (line ?? "").Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}
