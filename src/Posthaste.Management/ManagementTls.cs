using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Posthaste.Management;

/// <summary>Where the management API listens with TLS, and how handshakes are made there.</summary>
/// <param name="EndPoints">Port 0 for a free one.</param>
/// <param name="Handshakes">Which certificate is shown, and what clients are asked for.</param>
public sealed record ManagementTls(IReadOnlyList<IPEndPoint> EndPoints, TlsHandshakeCallbackOptions Handshakes)
{
    /// <summary>Nowhere.</summary>
    public static ManagementTls None { get; } = new([], new TlsHandshakeCallbackOptions());
}
