using Posthaste.Server;

namespace Posthaste.Api;

/// <summary>
/// A broker's management API and who one is there, as <c>http://user:password@host:port</c>. What the text leaves out
/// is the default of RabbitMQ's own tools.
/// </summary>
internal sealed record ApiAddress(Uri Root, string User, string Password)
{
    public const string Default = "http://guest:guest@127.0.0.1:15672";

    private const int DefaultPort = 15672;
    private const int DefaultTlsPort = 15671;
    private const string Guest = "guest";

    /// <exception cref="PosthasteConfigurationException">The text is no such address.</exception>
    public static ApiAddress Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new PosthasteConfigurationException(
                $"'{text}' is no address of a management API; it has to be http[s]://[USER:PASSWORD@]HOST[:PORT]");
        }

        var user = uri.UserInfo.Split(':', 2);
        var hasUser = user[0].Length > 0;
        // The port that the scheme implies is what Uri says when the text names none.
        var port = !uri.IsDefaultPort ? uri.Port : uri.Scheme == "https" ? DefaultTlsPort : DefaultPort;
        return new ApiAddress(
            new UriBuilder(uri.Scheme, uri.Host, port, uri.AbsolutePath.TrimEnd('/') + "/api/").Uri,
            hasUser ? Uri.UnescapeDataString(user[0]) : Guest,
            hasUser ? Uri.UnescapeDataString(user.ElementAtOrDefault(1) ?? "") : Guest);
    }

    /// <summary>Without the password, for messages.</summary>
    public override string ToString() => $"{Root.Scheme}://{User}@{Root.Authority}";
}
