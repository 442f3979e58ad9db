namespace Posthaste.Management;

/// <summary>An address that the broker listens on, for showing.</summary>
/// <param name="Protocol">Name of the listener.</param>
/// <param name="Address">IP address.</param>
/// <param name="Port">Port that it really got.</param>
/// <param name="CertificateEnd">
/// When the first of its certificates ends, as they are now; null without TLS.
/// </param>
public sealed record ListenerRow(
    string Protocol, string Address, int Port, Func<DateTimeOffset>? CertificateEnd = null);
