namespace Posthaste.Management;

/// <summary>An address that the broker listens on, for showing.</summary>
/// <param name="Protocol">Name of the listener.</param>
/// <param name="Address">IP address.</param>
/// <param name="Port">Port that it really got.</param>
/// <param name="CertificateEnd">
/// When the first of its certificates ends, as they are now; null without TLS.
/// </param>
/// <param name="CertificateFault">
/// Why files that have changed are not used, and the certificates of before are; null inside when they are.
/// </param>
public sealed record ListenerRow(
    string Protocol, string Address, int Port, Func<DateTimeOffset>? CertificateEnd = null,
    Func<string?>? CertificateFault = null);

/// <summary>All that the broker listens on; the server adds its own addresses once it has them.</summary>
internal sealed class ListenerTable(IReadOnlyList<ListenerRow> rows)
{
    private volatile IReadOnlyList<ListenerRow> _rows = rows;

    public IReadOnlyList<ListenerRow> Rows => _rows;

    public void Add(IEnumerable<ListenerRow> more) => _rows = [.. _rows, .. more];
}
