using System.Security.Cryptography;
using System.Text;
using Posthaste.Broker.Security.Passwords;

namespace Posthaste.Broker.Security.Sasl;

/// <summary>
/// The server's side of SCRAM (RFC 5802 section 5): both sides prove that they know the password, neither says it.
/// <code>
///   client  n,,n=user,r=CNONCE                          client-first
///   server  r=CNONCE SNONCE,s=salt,i=iterations         server-first, a challenge
///   client  c=biws,r=CNONCE SNONCE,p=proof              client-final
///   server  v=signature                                 with success
/// </code>
/// Channel binding is not offered: a client that asks for it ("p=") is malformed here, one that could ("y") goes on.
/// </summary>
public sealed class ScramExchange : SaslExchange
{
    /// <summary>Bytes of a message from the client at most: names and nonces are far shorter.</summary>
    public const int MessageBytesMax = 4_096;

    private const int NonceBytes = 18;

    private readonly ScramMechanism _mechanism;
    private readonly IScramAccounts _accounts;
    private readonly Action<Span<byte>> _fillRandom;
    private ScramCredential? _credential;
    private string _user = "";
    private string _header = "";
    private string _nonce = "";
    private string _signed = "";

    /// <param name="mechanism">Which SCRAM.</param>
    /// <param name="accounts">Who knows the users.</param>
    /// <param name="fillRandom">Source of the server's nonce.</param>
    public ScramExchange(ScramMechanism mechanism, IScramAccounts accounts, Action<Span<byte>> fillRandom)
    {
        _mechanism = mechanism;
        _accounts = accounts;
        _fillRandom = fillRandom;
    }

    public override ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response) => new(Next(response.Span));

    private SaslStep Next(ReadOnlySpan<byte> response)
    {
        if (response.Length > MessageBytesMax) return SaslStep.Malformed();
        var message = Encoding.UTF8.GetString(response);
        return _credential is null ? TakeFirst(message) : TakeFinal(message, _credential);
    }

    private SaslStep TakeFirst(string message)
    {
        // gs2-header: "n,", or "y,", then an authorization identity or nothing, then ",".
        if (message is not (['n' or 'y', ',', ..])) return SaslStep.Malformed();
        var headerEnd = message.IndexOf(',', 2);
        if (headerEnd < 0) return SaslStep.Malformed();
        _header = message[..(headerEnd + 1)];
        var bare = message[(headerEnd + 1)..];
        var parts = bare.Split(',');
        if (parts.Length < 2 || !parts[0].StartsWith("n=", StringComparison.Ordinal)
            || !parts[1].StartsWith("r=", StringComparison.Ordinal) || parts[1].Length == 2
            || DecodeName(parts[0][2..]) is not { } user)
        {
            return SaslStep.Malformed();
        }

        _user = user;
        _credential = _accounts.CredentialOf(user, _mechanism);
        var nonce = new byte[NonceBytes];
        _fillRandom(nonce);
        _nonce = parts[1][2..] + Convert.ToBase64String(nonce);
        var first = $"r={_nonce},s={Convert.ToBase64String(_credential.Salt)},i={_credential.Iterations}";
        _signed = $"{bare},{first}";
        return SaslStep.Challenge(Encoding.UTF8.GetBytes(first));
    }

    private SaslStep TakeFinal(string message, ScramCredential credential)
    {
        var proofAt = message.LastIndexOf(",p=", StringComparison.Ordinal);
        var parts = message.Split(',');
        if (proofAt < 0 || parts.Length < 3 || !parts[0].StartsWith("c=", StringComparison.Ordinal))
            return SaslStep.Malformed();
        var proof = new byte[message.Length];
        if (!Convert.TryFromBase64String(message[(proofAt + 3)..], proof, out var proofBytes)
            || proofBytes != _mechanism.HashBytes)
        {
            return SaslStep.Malformed();
        }

        // Section 5.1: the client repeats its gs2-header and both nonces, so neither can have been changed on the way.
        var isSame = parts[0][2..] == Convert.ToBase64String(Encoding.UTF8.GetBytes(_header))
            && parts[1] == $"r={_nonce}";
        if (!isSame) return SaslStep.Refuse("nonce or channel binding does not match", _user);

        var authMessage = Encoding.UTF8.GetBytes($"{_signed},{message[..proofAt]}");
        var clientKey = _mechanism.Mac(credential.StoredKey, authMessage);
        for (var i = 0; i < clientKey.Length; i++) clientKey[i] ^= proof[i];
        var isProven = CryptographicOperations.FixedTimeEquals(_mechanism.Digest(clientKey), credential.StoredKey);
        if (_accounts.Decide(_user, isProven, out var reason) is not { } user) return SaslStep.Refuse(reason, _user);
        var signature = _mechanism.Mac(credential.ServerKey, authMessage);
        return SaslStep.Success(user, Encoding.UTF8.GetBytes($"v={Convert.ToBase64String(signature)}"));
    }

    /// <summary>Section 5.1: a comma is written "=2C" and "=" is "=3D" in names; any other "=" is malformed.</summary>
    private static string? DecodeName(string name)
    {
        var rest = name.Replace("=2C", "", StringComparison.Ordinal).Replace("=3D", "", StringComparison.Ordinal);
        return rest.Contains('=') || name.Length == 0
            ? null
            : name.Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
    }
}

/// <summary>The users that SCRAM logins are checked against.</summary>
public interface IScramAccounts
{
    /// <summary>
    /// The credential of a name. For a name that nobody has, or that has no such credential, one that nothing matches,
    /// and always the same: nobody can tell which names exist.
    /// </summary>
    ScramCredential CredentialOf(string user, ScramMechanism mechanism);

    /// <summary>The proof was checked: the user, or null when refused, with the reason for the log.</summary>
    BrokerUser? Decide(string user, bool isProven, out string reason);
}
