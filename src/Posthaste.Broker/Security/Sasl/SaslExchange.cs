namespace Posthaste.Broker.Security.Sasl;

/// <summary>
/// One authentication in steps, as SASL has it (RFC 4422) and MQTT 5's AUTH packets carry it: the client responds, the
/// server challenges, until it is decided. Owned by the session's reader; made by <see cref="IAuthenticator.Begin"/>.
/// </summary>
public abstract class SaslExchange
{
    /// <summary>
    /// Takes the client's response and says what comes next. Never throws for what a client sends; not called again
    /// once it is decided.
    /// </summary>
    public abstract ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response);
}

/// <summary>What came out of a response: a challenge to answer, a user, or a refusal.</summary>
public readonly struct SaslStep
{
    private SaslStep(ReadOnlyMemory<byte> data, BrokerUser? user, string? reason, string claimed, bool isMalformed)
    {
        Data = data;
        User = user;
        Reason = reason;
        ClaimedName = claimed;
        IsMalformed = isMalformed;
    }

    /// <summary>What the client is sent: the challenge, or with success what proves the server.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Who it is; null unless the exchange ended well.</summary>
    public BrokerUser? User { get; }

    /// <summary>Why it was refused, for the log, never for the client; null unless it was.</summary>
    public string? Reason { get; }

    /// <summary>The name that the client gave, for the log; empty when it gave none.</summary>
    public string ClaimedName { get; }

    /// <summary>Refused because the response is none of the mechanism, not because of what it says.</summary>
    public bool IsMalformed { get; }

    /// <summary>Whether the client has to respond once more.</summary>
    public bool IsChallenge => User is null && Reason is null;

    public static SaslStep Challenge(ReadOnlyMemory<byte> data) => new(data, null, null, "", false);

    public static SaslStep Success(BrokerUser user, ReadOnlyMemory<byte> data = default) =>
        new(data, user, null, user.Name, false);

    public static SaslStep Refuse(string reason, string claimedName = "") =>
        new(default, null, reason, claimedName, false);

    /// <summary>What became of credentials that were all of the exchange.</summary>
    public static SaslStep Of(LoginOutcome outcome, string claimedName) =>
        outcome.User is { } user ? Success(user) : Refuse(outcome.Reason, claimedName);

    public static SaslStep Malformed() => new(default, null, "malformed response", "", true);
}
