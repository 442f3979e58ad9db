namespace Posthaste.Broker.Security.Tokens;

/// <summary>
/// Whose access tokens (OAuth 2, signed JWTs) are logins, as RabbitMQ's `auth_oauth2` has it: the token is the
/// password, its scopes are the permissions. Must not change while a broker runs.
/// </summary>
public sealed class TokenOptions
{
    /// <summary>
    /// Where the keys are that tokens are signed with: a JSON Web Key Set (RFC 7517), a file or an `http(s)` address.
    /// Default null: tokens are no logins.
    /// </summary>
    public string? Keys { get; set; }

    /// <summary>The `iss` that tokens must have. Default null: whoever owns the keys.</summary>
    public string? Issuer { get; set; }

    /// <summary>
    /// What this broker is called in tokens: one of their `aud` has to be it, and their scopes begin with it.
    /// Required where there are keys, so that a token for somebody else's service is no login here.
    /// </summary>
    public string? ResourceServerId { get; set; }

    /// <summary>
    /// What the scopes that are meant for this broker begin with. Default null: <see cref="ResourceServerId"/> and a
    /// dot. Empty: nothing.
    /// </summary>
    public string? ScopePrefix { get; set; }

    /// <summary>Claims that hold scopes beside `scope`, text or a list. Default: none.</summary>
    public IReadOnlyList<string> ScopeClaims { get; set; } = [];

    /// <summary>
    /// Claims that name the user; the first that a token has counts, `sub` and `client_id` behind them. Default: none.
    /// </summary>
    public IReadOnlyList<string> UserNameClaims { get; set; } = [];

    /// <summary>
    /// Seconds by which the clock of whoever made a token may differ. Default 10: machines that keep time differ by
    /// less than one.
    /// </summary>
    public int LeewaySeconds { get; set; } = 10;

    /// <summary>
    /// Seconds after which the keys are read again. Default 300. A token signed with a key that is not known makes
    /// them be read at once, but not more often than every <see cref="KeyCache.IntervalMsMin"/>.
    /// </summary>
    public int KeysRefreshSeconds { get; set; } = 300;

    internal bool IsOn => !string.IsNullOrEmpty(Keys);

    internal string EffectiveScopePrefix => ScopePrefix ?? $"{ResourceServerId}.";

    /// <exception cref="ArgumentException">The settings do not go together.</exception>
    internal void Validate()
    {
        if (!IsOn) return;
        if (string.IsNullOrEmpty(ResourceServerId))
            throw new ArgumentException("Keys of access tokens need the name that this broker has in tokens (`aud`).");
        if (LeewaySeconds is < 0 or > 300)
            throw new ArgumentException($"The leeway of access tokens is {LeewaySeconds} s, but has to be 0 to 300.");
        if (KeysRefreshSeconds < 10)
            throw new ArgumentException($"Keys are read every {KeysRefreshSeconds} s, but it has to be at least 10.");
    }
}
