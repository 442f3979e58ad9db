using System.Text;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Security.Sasl;

/// <summary>The mechanisms that carry a name and a password in one response.</summary>
public static class SaslResponses
{
    public const string Plain = "PLAIN";
    public const string AmqPlain = "AMQPLAIN";

    /// <summary>RFC 4616: [authorization id] NUL user NUL password. The authorization id is not used.</summary>
    public static bool TryReadPlain(ReadOnlySpan<byte> response, out Credentials credentials)
    {
        credentials = default;
        var user = response.IndexOf((byte)0) + 1;
        if (user == 0) return false;
        var password = response[user..].IndexOf((byte)0) + user + 1;
        if (password == user || response[password..].Contains((byte)0)) return false;
        credentials = new Credentials(
            Plain, Encoding.UTF8.GetString(response[user..(password - 1)]),
            Encoding.UTF8.GetString(response[password..]));
        return true;
    }

    /// <summary>AMQP 0-9-1's own: a field table without its length, with the fields LOGIN and PASSWORD.</summary>
    public static bool TryReadAmqPlain(ReadOnlySpan<byte> response, out Credentials credentials)
    {
        credentials = default;
        if (!FieldTableCodec.TryDecode(response, out var table)
            || !table.TryGetString("LOGIN", out var user) || !table.TryGetString("PASSWORD", out var password))
        {
            return false;
        }

        credentials = new Credentials(AmqPlain, user, password);
        return true;
    }
}

/// <summary>An exchange of one response: the credentials are in it, and an authenticator decides.</summary>
public sealed class PasswordExchange(
    IAuthenticator authenticator, string mechanism, Protocols.ProtocolConnection connection) : SaslExchange
{
    public override async ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response)
    {
        var isRead = mechanism == SaslResponses.AmqPlain
            ? SaslResponses.TryReadAmqPlain(response.Span, out var credentials)
            : SaslResponses.TryReadPlain(response.Span, out credentials);
        if (!isRead) return SaslStep.Malformed();
        var outcome = await authenticator.AuthenticateAsync(credentials, connection).ConfigureAwait(false);
        return SaslStep.Of(outcome, credentials.UserName);
    }
}
