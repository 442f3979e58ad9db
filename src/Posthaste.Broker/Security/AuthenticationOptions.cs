using Posthaste.Broker.Security.Tokens;

namespace Posthaste.Broker.Security;

/// <summary>What of a client certificate names the user.</summary>
public enum CertificateName
{
    /// <summary>The common name of the subject.</summary>
    CommonName,

    /// <summary>The whole distinguished name of the subject (RFC 4514), as in RabbitMQ's default.</summary>
    DistinguishedName,

    /// <summary>The first DNS name, e-mail address or URI of the subject alternative name.</summary>
    SubjectAlternativeName,
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

    /// <summary>What of a client certificate names the user. Default: the common name.</summary>
    public CertificateName CertificateName { get; set; }

    /// <summary>Whose access tokens are logins too. Default: nobody's.</summary>
    public TokenOptions Tokens { get; } = new();
}
