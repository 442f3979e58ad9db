using System.Text;
using Posthaste.Broker.Security;
using Posthaste.Primitives.Tables;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>The answers of SASL mechanisms, as start-ok carries them. All of them take one step.</summary>
internal static class Sasl
{
    public const string Plain = "PLAIN";
    public const string AmqPlain = "AMQPLAIN";
    public const string External = "EXTERNAL";

    /// <summary>
    /// What the client claims to be; false if the response is not one of this mechanism. Other mechanisms than these
    /// three are for the authenticator alone: it gets the response as password.
    /// </summary>
    public static bool TryRead(string mechanism, ReadOnlySpan<byte> response, out Credentials credentials)
    {
        switch (mechanism)
        {
            case Plain:
                return TryReadPlain(response, out credentials);
            case AmqPlain:
                return TryReadAmqPlain(response, out credentials);
            default:
                credentials = new Credentials(mechanism, "", Encoding.UTF8.GetString(response));
                return true;
        }
    }

    // RFC 4616: [authorization id] NUL user NUL password. The authorization id is not used.
    private static bool TryReadPlain(ReadOnlySpan<byte> response, out Credentials credentials)
    {
        credentials = default;
        var user = response.IndexOf((byte)0) + 1;
        if (user == 0)
            return false;
        var password = response[user..].IndexOf((byte)0) + user + 1;
        if (password == user || response[password..].Contains((byte)0))
            return false;
        credentials = new Credentials(
            Plain, Encoding.UTF8.GetString(response[user..(password - 1)]),
            Encoding.UTF8.GetString(response[password..]));
        return true;
    }

    // A field table without its length, with the fields LOGIN and PASSWORD.
    private static bool TryReadAmqPlain(ReadOnlySpan<byte> response, out Credentials credentials)
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
