using Posthaste.Broker.Security.Remote;
using Posthaste.Broker.Security.Tokens;

namespace Posthaste.Broker.Security;

/// <summary>What of a client certificate names the user.</summary>
public enum CertificateName
{
    /// <summary>The common name of the subject.</summary>
    CommonName,

    /// <summary>The whole distinguished name of the subject (RFC 4514), as in RabbitMQ's default.</summary>
    DistinguishedName,

    /// <summary>A subject alternative name.</summary>
    SubjectAlternativeName,
}

/// <summary>Kinds of subject alternative names (RFC 5280 section 4.2.1.6) that can name a user.</summary>
public enum AlternativeNameKind
{
    /// <summary>A DNS name.</summary>
    Dns,

    /// <summary>An e-mail address.</summary>
    Email,

    /// <summary>A URI, as SPIFFE has it.</summary>
    Uri,

    /// <summary>An IP address.</summary>
    IpAddress,
}

/// <summary>Who knows users.</summary>
public enum AuthenticationBackend
{
    /// <summary>The user store.</summary>
    Internal,

    /// <summary>A service that is asked over HTTP.</summary>
    Http,
}

/// <summary>How users of the user store may prove who they are. Must not change while a broker runs.</summary>
public sealed class AuthenticationOptions
{
    /// <summary>
    /// Users who may connect from this machine only. Default: `guest`, whose password is no secret.
    /// </summary>
    public IReadOnlyList<string> LoopbackUsers { get; set; } = [UserStore.Guest];

    /// <summary>
    /// The user that clients become without saying who they are (SASL ANONYMOUS). Default null: nobody.
    /// </summary>
    public string? AnonymousUser { get; set; }

    /// <summary>
    /// The administrator that a broker begins with which has never had users, in place of `guest`: there is no `guest`
    /// then. May come from everywhere. Default null: `guest`.
    /// </summary>
    public string? DefaultUser { get; set; }

    /// <summary>
    /// Password of <see cref="DefaultUser"/>. Default null: what <see cref="DefaultPasswordFile"/> holds, and without
    /// one of its own making: <see cref="MessageBroker.MadePassword"/>.
    /// </summary>
    public string? DefaultPassword { get; set; }

    /// <summary>File with the password of <see cref="DefaultUser"/>; a line's end behind it does not count.</summary>
    public string? DefaultPasswordFile { get; set; }

    /// <summary>What of a client certificate names the user. Default: the common name.</summary>
    public CertificateName CertificateName { get; set; }

    /// <summary>Which kind of alternative name it is, where it is one. Default: a DNS name.</summary>
    public AlternativeNameKind AlternativeNameKind { get; set; }

    /// <summary>Which of several alternative names of that kind, from 0. Default: the first.</summary>
    public int AlternativeNameIndex { get; set; }

    /// <summary>
    /// Who is asked about a name and a password, in this order, until one says yes. What the user may do is then asked
    /// of the same. Default: the user store.
    /// </summary>
    public IReadOnlyList<AuthenticationBackend> Backends { get; set; } = [AuthenticationBackend.Internal];

    /// <summary>The service of <see cref="AuthenticationBackend.Http"/>.</summary>
    public HttpBackendOptions Http { get; } = new();

    internal bool UsesHttp => Backends.Contains(AuthenticationBackend.Http);

    /// <exception cref="ArgumentException">The settings do not go together.</exception>
    internal void Validate()
    {
        if (DefaultUser is null && (DefaultPassword ?? DefaultPasswordFile) is not null)
            throw new ArgumentException("A default password needs the name of its user (DefaultUser).");
        if (DefaultPassword is not null && DefaultPasswordFile is not null)
            throw new ArgumentException("DefaultPassword and DefaultPasswordFile exclude each other; set one of them.");
        if (DefaultUser is { } name && UserStore.CheckName(name, "name of the default user") is { } fault)
            throw new ArgumentException($"{char.ToUpperInvariant(fault[0])}{fault[1..]}.");
        if (Backends.Count == 0) throw new ArgumentException("Somebody has to know users (AuthBackends).");
        if (UsesHttp) Http.Validate();
        Tokens.Validate();
    }

    /// <summary>Whose access tokens are logins too. Default: nobody's.</summary>
    public TokenOptions Tokens { get; } = new();
}
