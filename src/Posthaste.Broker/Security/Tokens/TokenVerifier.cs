using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;

namespace Posthaste.Broker.Security.Tokens;

/// <summary>
/// Says who an access token is: its signature, issuer, audience and time are checked, and its scopes become what the
/// user may do (RFC 7519, RFC 8725). Any thread.
/// </summary>
/// <remarks>
/// Failures are not damped as those of passwords are: a signature can't be guessed, looking at one costs microseconds,
/// and a fleet whose tokens expire together would lock itself out.
/// </remarks>
internal sealed class TokenVerifier(TokenOptions options, KeyCache keys, TimeProvider time)
{
    private const int MsPerSecond = 1_000;

    /// <summary>Seconds of the year 9999: what is later is a mistake, and for ever.</summary>
    private const double SecondsMax = 253_402_300_799;

    /// <summary>The user, or null when refused; the reason is for the log.</summary>
    public BrokerUser? Verify(string text, out string reason)
    {
        if (!Jwt.TryRead(text, out var token))
        {
            reason = "the access token is malformed";
            return null;
        }

        if (!IsSigned(token, out reason)) return null;
        try
        {
            using var json = JsonDocument.Parse(token.Claims, TokenJson.Options);
            if (json.RootElement.ValueKind == JsonValueKind.Object) return Admit(json.RootElement, out reason);
        }
        catch (JsonException)
        {
            // Signed, but no claims: said below.
        }

        reason = "the access token's claims are no JSON object";
        return null;
    }

    private bool IsSigned(Jwt token, out string reason)
    {
        reason = "";
        if (SignatureAlgorithm.Find(token.Algorithm) is not { } algorithm)
        {
            reason = $"the access token's algorithm '{Shown(token.Algorithm)}' is not taken";
            return false;
        }

        var current = keys.Current;
        if (token.KeyId is { } id && !current.Knows(id))
        {
            keys.Want();
            reason = $"the access token's key '{Shown(id)}' is not known; the keys are read again";
            return false;
        }

        try
        {
            if (current.For(token.KeyId, algorithm).Any(key => key.Verify(algorithm, token.Signed, token.Signature)))
                return true;
        }
        catch (CryptographicException e)
        {
            reason = $"the access token's signature can't be checked: {e.Message}";
            return false;
        }

        reason = "the access token's signature is none of a known key";
        return false;
    }

    private BrokerUser? Admit(JsonElement claims, out string reason)
    {
        reason = Fault(claims, out var expiresAtMs) ?? "";
        if (reason.Length > 0) return null;
        var name = NameOf(claims);
        if (name is null || UserStore.CheckName(name, "user name") is not null)
        {
            reason = "the access token names no user";
            return null;
        }

        var scopes = options.ScopeClaims.Prepend("scope")
            .SelectMany(claim => TokenJson.Texts(claims, claim, isSpaced: true));
        var grants = TokenGrants.Of(scopes, options.EffectiveScopePrefix, Variables(claims));
        return new BrokerUser(name, grants.Tags.Contains(UserTags.Impersonator))
        {
            Tags = grants.Tags,
            Grants = grants,
            ExpiresAtMs = expiresAtMs,
        };
    }

    /// <summary>What is wrong with issuer, audience or time; null if nothing.</summary>
    private string? Fault(JsonElement claims, out long expiresAtMs)
    {
        expiresAtMs = 0;
        if (options.Issuer is { } issuer && TokenJson.Text(claims, "iss") != issuer)
            return "the access token is of another issuer";
        if (!TokenJson.Texts(claims, "aud", isSpaced: false).Contains(options.ResourceServerId))
            return "the access token is for another service";
        if (!TryGetMs(claims, "exp", out expiresAtMs)) return "the access token has no end";
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var leewayMs = options.LeewaySeconds * MsPerSecond;
        expiresAtMs += leewayMs;
        if (nowMs >= expiresAtMs) return "the access token has expired";
        return TryGetMs(claims, "nbf", out var beginsAtMs) && nowMs + leewayMs < beginsAtMs
            ? "the access token is not valid yet"
            : null;
    }

    private string? NameOf(JsonElement claims) => options.UserNameClaims.Append("sub").Append("client_id")
        .Select(claim => TokenJson.Text(claims, claim))
        .FirstOrDefault(static name => !string.IsNullOrEmpty(name));

    /// <summary>Claims that scopes may refer to: those that are one text.</summary>
    private static ImmutableDictionary<string, string> Variables(JsonElement claims) => claims.EnumerateObject()
        .Where(static claim => claim.Value.ValueKind == JsonValueKind.String)
        .ToImmutableDictionary(static claim => claim.Name, static claim => claim.Value.GetString()!);

    private static bool TryGetMs(JsonElement claims, string name, out long ms)
    {
        ms = 0;
        if (!claims.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Number
            || !value.TryGetDouble(out var seconds))
        {
            return false;
        }

        ms = (long)(Math.Clamp(seconds, 0, SecondsMax) * MsPerSecond);
        return true;
    }

    /// <summary>Text of a token for the log: short, and on one line.</summary>
    private static string Shown(string text) =>
        new([.. text.Take(64).Select(static c => char.IsControl(c) ? '?' : c)]);
}
