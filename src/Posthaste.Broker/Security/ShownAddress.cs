namespace Posthaste.Broker.Security;

/// <summary>An address as logs may have it: without user, password and query, which may be secrets.</summary>
internal static class ShownAddress
{
    public static string Of(string place) =>
        Uri.TryCreate(place, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri.GetComponents(
                UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
            : place;
}
