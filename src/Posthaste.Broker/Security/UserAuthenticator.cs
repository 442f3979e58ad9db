using System.Net;
using System.Security.Cryptography;
using System.Text;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Passwords;
using Posthaste.Broker.Security.Remote;
using Posthaste.Broker.Security.Sasl;
using Posthaste.Broker.Security.Tokens;

namespace Posthaste.Broker.Security;

/// <summary>
/// Authenticates against the user store: passwords (PLAIN, AMQPLAIN, SCRAM, and what MQTT and STOMP bring), client
/// certificates (EXTERNAL), and nobody in particular (ANONYMOUS) where an option allows it. Names with passwords may be
/// known to an HTTP service too, or instead. With keys of access tokens
/// a password that is one stands for whom it names, whatever the user name says. Any thread.
/// </summary>
internal sealed class UserAuthenticator : IAuthenticator, IDisposable
{
    private const string External = "EXTERNAL";
    private const string Anonymous = "ANONYMOUS";
    private const string WrongCredentials = "invalid credentials";
    private const string TooManyFailures = "too many failed logins, try again later";

    private readonly UserStore _users;
    private readonly AuthenticationOptions _options;
    private readonly Action<Span<byte>> _fillRandom;
    private readonly LoginThrottle _throttle;
    private readonly KnownLogins _known;
    private readonly HashingLane _lane;
    private readonly HttpBackend? _remote;
    private readonly TokenVerifier? _tokens;
    private readonly byte[] _decoyKey = new byte[32];

    public UserAuthenticator(
        UserStore users, AuthenticationOptions options, TimeProvider time, Action<Span<byte>> fillRandom,
        IWorkScheduler scheduler, KeyCache? keys = null, HttpBackend? remote = null)
    {
        _users = users;
        _options = options;
        _fillRandom = fillRandom;
        _throttle = new LoginThrottle(time);
        _known = new KnownLogins(fillRandom);
        _lane = new HashingLane(scheduler);
        _remote = remote;
        _tokens = keys is null ? null : new TokenVerifier(options.Tokens, keys, time);
        fillRandom(_decoyKey);
        users.Changed += OnChanged;
        if (remote is not null) remote.Outdated += OnOutdated;
    }

    public event Action<string?>? AccessChanged;

    public void Dispose()
    {
        _users.Changed -= OnChanged;
        if (_remote is not null) _remote.Outdated -= OnOutdated;
    }

    public IReadOnlyList<string> MechanismsFor(ProtocolConnection connection)
    {
        List<string> mechanisms =
        [
            SaslResponses.Plain, SaslResponses.AmqPlain, ScramMechanism.Sha512.Name, ScramMechanism.Sha256.Name,
        ];
        if (connection.ClientCertificate is not null) mechanisms.Insert(0, External);
        if (_tokens is not null) mechanisms.Add(BearerExchange.Mechanism);
        if (_options.AnonymousUser is not null) mechanisms.Add(Anonymous);
        return mechanisms;
    }

    public SaslExchange? Begin(string mechanism, ProtocolConnection connection) => mechanism switch
    {
        SaslResponses.Plain or SaslResponses.AmqPlain => new PasswordExchange(this, mechanism, connection),
        External when connection.ClientCertificate is not null =>
            new NamedExchange(this, connection, CertificateNameOf(connection)),
        BearerExchange.Mechanism when _tokens is not null => new BearerExchange(this, connection),
        Anonymous when _options.AnonymousUser is { } name => new NamedExchange(this, connection, name),
        _ when ScramMechanism.Find(mechanism) is { } scram =>
            new ScramExchange(scram, new ScramAccounts(this, connection), _fillRandom),
        _ => null,
    };

    public ValueTask<LoginOutcome> AuthenticateAsync(Credentials credentials, ProtocolConnection connection)
    {
        if (credentials.Mechanism == External) return new(AdmitNamed(CertificateNameOf(connection), connection));
        if (_tokens is not null && Jwt.IsLike(credentials.Password))
        {
            return new(new LoginOutcome(_tokens.Verify(credentials.Password, out var reason), reason));
        }

        if (!_throttle.MayTry(connection.RemoteEndPoint, credentials.UserName))
            return new(LoginOutcome.Refuse(TooManyFailures));
        return _remote is null ? AskStoreAsync(credentials, connection) : AskInOrderAsync(credentials, connection);
    }

    public AccessRules RulesFor(BrokerUser user, string virtualHost) =>
        user.Grants?.RulesFor(virtualHost) ?? _users.RulesFor(user.Name, virtualHost);

    private async ValueTask<LoginOutcome> AskInOrderAsync(Credentials credentials, ProtocolConnection connection)
    {
        var outcome = LoginOutcome.Refuse(WrongCredentials);
        var isJudged = true;
        foreach (var backend in _options.Backends)
        {
            if (backend == AuthenticationBackend.Http)
            {
                var answer = await AskRemoteAsync(credentials, connection).ConfigureAwait(false);
                isJudged &= answer is not null;
                outcome = answer ?? LoginOutcome.Refuse("the HTTP backend does not answer");
            }
            else if (_users.TryGet(credentials.UserName, out _))
            {
                outcome = await AskStoreAsync(credentials, connection).ConfigureAwait(false);

                // The store has counted it.
                isJudged &= outcome.User is not null;
            }

            if (outcome.User is not null) return outcome;
        }

        // Who nobody could judge has not guessed.
        if (isJudged) _throttle.Failed(connection.RemoteEndPoint, credentials.UserName);
        return outcome;
    }

    private async ValueTask<LoginOutcome?> AskRemoteAsync(Credentials credentials, ProtocolConnection connection)
    {
        var name = credentials.UserName;
        if (UserStore.CheckName(name, "user name") is not null) return LoginOutcome.Refuse(WrongCredentials);
        var ip = (connection.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "";
        if (await _remote!.LogInAsync(credentials, ip).ConfigureAwait(false) is not { } outcome) return null;
        if (outcome.User is null) return outcome;
        _throttle.Succeeded(connection.RemoteEndPoint, name);
        return CheckPlace(name, connection) ?? outcome;
    }

    private ValueTask<LoginOutcome> AskStoreAsync(Credentials credentials, ProtocolConnection connection)
    {
        var name = credentials.UserName;

        // An empty password is no password, whatever its hash.
        if (credentials.Password.Length == 0) return new(Decide(name, hash: null, connection));
        var hash = _users.TryGet(name, out var user) && user.Passwords is [var first, ..] ? first : null;
        if (hash is not null && _known.IsKnown(name, credentials.Password, hash))
            return new(Decide(name, hash, connection));
        return hash is { IsSlow: false }
            ? new(Decide(name, _known.Verify(name, credentials.Password, hash) ? hash : null, connection))
            : VerifyInTurnAsync(name, credentials.Password, hash, connection);
    }

    /// <param name="hash">Null when nobody has the name.</param>
    private async ValueTask<LoginOutcome> VerifyInTurnAsync(
        string name, string password, PasswordHash? hash, ProtocolConnection connection)
    {
        var decision = _lane.TryRun(() =>
        {
            // Asked again when it is its turn: of those that a guesser lets wait, few are looked at.
            if (!_throttle.MayTry(connection.RemoteEndPoint, name)) return LoginOutcome.Refuse(TooManyFailures);

            // For a name that nobody has as slow as for others, so that its time does not tell which there are.
            var isRight = hash is null
                ? Decoy(name, ScramMechanism.Sha512).Verify(password)
                : _known.Verify(name, password, hash);
            return Decide(name, isRight ? hash : null, connection);
        });
        return decision is null
            ? LoginOutcome.Refuse("too many passwords are being checked")
            : await decision.ConfigureAwait(false);
    }

    /// <param name="hash">What the password was right for, which has to be the user's still; null: wrong.</param>
    private LoginOutcome Decide(string name, PasswordHash? hash, ProtocolConnection connection)
    {
        User? user = null;
        if (hash is not null && _users.TryGet(name, out var found) && found.Passwords.Contains(hash)) user = found;
        if (user is null) _throttle.Failed(connection.RemoteEndPoint, name);
        else _throttle.Succeeded(connection.RemoteEndPoint, name);
        return Admit(user, connection);
    }

    /// <summary>Whoever has proven to be this user: may that user be here?</summary>
    private LoginOutcome Admit(User? user, ProtocolConnection connection)
    {
        if (user is null) return LoginOutcome.Refuse(WrongCredentials);
        return CheckPlace(user.Name, connection) ?? LoginOutcome.Admit(
            new BrokerUser(user.Name, user.HasTag(UserTags.Impersonator)) { Tags = user.Tags });
    }

    /// <summary>A refusal of who may come from this machine only, and does not; null for others.</summary>
    private LoginOutcome? CheckPlace(string name, ProtocolConnection connection) =>
        !connection.IsLoopback && _options.LoopbackUsers.Contains(name)
            ? LoginOutcome.Refuse($"user '{name}' can only connect via localhost")
            : null;

    private LoginOutcome AdmitNamed(string? name, ProtocolConnection connection)
    {
        if (name is not null && _users.TryGet(name, out var user)) return Admit(user, connection);
        return LoginOutcome.Refuse(
            name is null ? "the client certificate names no user" : $"there is no user '{name}'");
    }

    private string? CertificateNameOf(ProtocolConnection connection) =>
        connection.ClientCertificate is { } certificate
            ? CertificateNames.NameOf(certificate, _options)
            : null;

    /// <summary>A credential that no password has, and always the same for a name.</summary>
    private ScramCredential Decoy(string name, ScramMechanism mechanism)
    {
        var seed = HMACSHA256.HashData(_decoyKey, Encoding.UTF8.GetBytes(name));
        return ScramCredential.Unmatchable(mechanism, seed.AsSpan(0, 16));
    }

    private void OnOutdated() => AccessChanged?.Invoke(null);

    private void OnChanged(string? user) => AccessChanged?.Invoke(user);

    /// <summary>The exchanges in which the response says nothing: who it is stands fast already.</summary>
    private sealed class NamedExchange(UserAuthenticator owner, ProtocolConnection connection, string? name)
        : SaslExchange
    {
        public override ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response) =>
            new(SaslStep.Of(owner.AdmitNamed(name, connection), name ?? ""));
    }

    private sealed class ScramAccounts(UserAuthenticator owner, ProtocolConnection connection) : IScramAccounts
    {
        public ScramCredential CredentialOf(string user, ScramMechanism mechanism) =>
            owner._users.TryGet(user, out var known)
            && known.Passwords.OfType<ScramCredential>().FirstOrDefault(c => c.Mechanism == mechanism) is { } found
                ? found
                : owner.Decoy(user, mechanism);

        public BrokerUser? Decide(string user, bool isProven, out string reason)
        {
            if (!owner._throttle.MayTry(connection.RemoteEndPoint, user))
            {
                reason = TooManyFailures;
                return null;
            }

            if (!isProven) owner._throttle.Failed(connection.RemoteEndPoint, user);
            User? known = null;
            if (isProven) owner._users.TryGet(user, out known);
            (var admitted, reason) = owner.Admit(known, connection);
            return admitted;
        }
    }
}
