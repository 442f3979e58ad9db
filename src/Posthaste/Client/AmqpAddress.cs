using Posthaste.Server;

namespace Posthaste.Client;

/// <summary>
/// A broker and who one is there, as <c>amqp://user:password@host:port/vhost</c>. What the text leaves out is
/// RabbitMQ's default.
/// </summary>
internal sealed record AmqpAddress(string Host, int Port, string User, string Password, string VirtualHost)
{
    public const string Default = "amqp://guest:guest@127.0.0.1:5672/";

    private const int DefaultPort = 5672;
    private const string Scheme = "amqp";
    private const string Guest = "guest";

    /// <exception cref="PosthasteConfigurationException">The text is no such address.</exception>
    public static AmqpAddress Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme != Scheme || uri.Host.Length == 0)
        {
            throw new PosthasteConfigurationException(
                $"'{text}' is no address of a broker; it has to be amqp://[USER:PASSWORD@]HOST[:PORT][/VHOST]");
        }

        var user = uri.UserInfo.Split(':', 2);
        var hasUser = user[0].Length > 0;
        // A path of one slash is RabbitMQ's way to write the default virtual host, whose name is that slash.
        var path = Uri.UnescapeDataString(uri.AbsolutePath);
        return new AmqpAddress(
            uri.IdnHost,
            uri.Port > 0 ? uri.Port : DefaultPort,
            hasUser ? Uri.UnescapeDataString(user[0]) : Guest,
            hasUser ? Uri.UnescapeDataString(user.ElementAtOrDefault(1) ?? "") : Guest,
            path.Length > 1 ? path[1..] : "/");
    }

    /// <summary>Without the password, for messages.</summary>
    public override string ToString() =>
        $"{Scheme}://{User}@{Host}:{Port}/{(VirtualHost == "/" ? "" : VirtualHost)}";
}
