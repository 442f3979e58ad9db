using System.Text;
using Posthaste.Broker.Protocols;

namespace Posthaste.Broker.Security.Sasl;

/// <summary>
/// OAUTHBEARER (RFC 7628): an access token in one response; a refusal is told as JSON, which the client acknowledges.
/// <code>
///   client  n,a=user,^Ahost=…^Aport=…^Aauth=Bearer TOKEN^A^A       (^A is 0x01; all but auth may be missing)
///   server  with success nothing; else {"status":"invalid_token"}
///   client  ^A
/// </code>
/// </summary>
internal sealed class BearerExchange(IAuthenticator authenticator, ProtocolConnection connection) : SaslExchange
{
    public const string Mechanism = "OAUTHBEARER";

    private const char Separator = '\u0001';
    private const string AuthKey = "auth=";
    private const string Scheme = "Bearer ";

    private string? _refusal;

    public override async ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response)
    {
        if (_refusal is not null) return SaslStep.Refuse(_refusal);
        if (TokenOf(Encoding.UTF8.GetString(response.Span)) is not { } token) return SaslStep.Malformed();
        var credentials = new Credentials(Mechanism, "", token);
        var outcome = await authenticator.AuthenticateAsync(credentials, connection).ConfigureAwait(false);
        if (outcome.User is { } user) return SaslStep.Success(user);
        _refusal = outcome.Reason;
        return SaslStep.Challenge("""{"status":"invalid_token"}"""u8.ToArray());
    }

    private static string? TokenOf(string response)
    {
        // Section 3.1: the gs2-header, which asks for no channel binding, then the pairs.
        if (response is not (['n' or 'y', ',', ..]) || !response.EndsWith($"{Separator}{Separator}")) return null;
        var pair = response.Split(Separator).Skip(1)
            .FirstOrDefault(static pair => pair.StartsWith(AuthKey, StringComparison.Ordinal));
        return pair is not null && pair.AsSpan(AuthKey.Length).StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? pair[(AuthKey.Length + Scheme.Length)..].Trim()
            : null;
    }
}
