using System.Net;

namespace Posthaste.Server.WebSockets;

/// <summary>
/// Which web pages may connect. A browser lets every page open a WebSocket to every address, this machine's included,
/// and says in <c>Origin</c> which page it was [RFC 6455, 10.2]; other clients send none. Unless told otherwise pages
/// of this machine may, and no others: <c>guest</c> is let in from here, and a page from anywhere runs here.
/// </summary>
internal sealed class OriginPolicy
{
    /// <summary>Stands for every origin.</summary>
    public const string Any = "*";

    private readonly HashSet<string> _allowed = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="origins">Origins beside this machine's: <c>https://shop.example</c>, or <c>*</c> for
    /// all.</param>
    /// <exception cref="PosthasteConfigurationException">An origin is none.</exception>
    public OriginPolicy(IEnumerable<string> origins)
    {
        foreach (var origin in origins)
        {
            if (origin != Any && !IsOrigin(origin))
            {
                throw new PosthasteConfigurationException(
                    $"'{origin}' is no origin; it has to be like https://shop.example or http://10.0.0.1:8080, or " +
                    $"{Any} for all");
            }

            _allowed.Add(origin);
        }
    }

    /// <summary>Whether a request with this <c>Origin</c> may open a WebSocket; empty when it has none.</summary>
    public bool Allows(string origin)
    {
        if (origin.Length == 0 || _allowed.Contains(Any) || _allowed.Contains(origin)) return true;
        if (!IsOrigin(origin)) return false;
        var host = new Uri(origin).IdnHost;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
    }

    /// <summary>Scheme, host and port, and nothing after them [RFC 6454, 6.1].</summary>
    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && uri.Host.Length > 0 && text.Length > 0 && text[^1] != '/' && uri.PathAndQuery == "/"
        && uri.UserInfo.Length == 0 && uri.Fragment.Length == 0;
}
