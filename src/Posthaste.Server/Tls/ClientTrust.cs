using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Posthaste.Server.Tls;

/// <summary>
/// Whom client certificates may come from, and what has been taken back of them, as the files say now. Immutable, any
/// thread.
/// </summary>
internal sealed class ClientTrust
{
    /// <summary>
    /// Time for an answer of an authority's server: less than a handshake has.
    /// </summary>
    private static readonly TimeSpan RetrievalTimeMax = TimeSpan.FromSeconds(5);

    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    private readonly X509Certificate2Collection _authorities;
    private readonly ILookup<string, RevocationList>? _lists;
    private readonly TimeProvider _time;
    private readonly bool _asksOnline;

    /// <exception cref="PosthasteConfigurationException">A file can't be read or used.</exception>
    public ClientTrust(TlsOptions options, TimeProvider time)
    {
        _authorities = ServerCertificate.LoadAuthorities(options.ClientAuthorityFile!);
        _time = time;
        _asksOnline = options.AsksForRevocation;
        if (options.RevocationListFile is { } file)
            _lists = RevocationList.Load(file).ToLookup(static list => KeyOf(list.Issuer));
    }

    /// <summary>What the platform checks of a client's certificate.</summary>
    public X509ChainPolicy Policy
    {
        get
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = _asksOnline ? X509RevocationMode.Online : X509RevocationMode.NoCheck,
                RevocationFlag = X509RevocationFlag.ExcludeRoot,
                UrlRetrievalTimeout = RetrievalTimeMax,
            };
            policy.CustomTrustStore.AddRange(_authorities);
            policy.ApplicationPolicy.Add(ClientAuthentication);
            return policy;
        }
    }

    /// <summary>
    /// Why a certificate that the platform trusts is refused: it is in its authority's list, or there is no list of
    /// that authority that counts. Null if it is not.
    /// </summary>
    public string? FaultOf(X509Chain chain)
    {
        if (_lists is null) return null;
        var elements = chain.ChainElements;

        // The last one is an authority of the file: whoever does not trust it takes it out there.
        for (var i = 0; i + 1 < elements.Count; i++)
        {
            var (certificate, issuer) = (elements[i].Certificate, elements[i + 1].Certificate);
            var list = _lists[KeyOf(certificate.IssuerName)].FirstOrDefault(list => list.IsSignedBy(issuer));
            if (list is null) return $"there is no revocation list of {issuer.Subject}";
            if (list.NextUpdate < _time.GetUtcNow())
                return $"the revocation list of {issuer.Subject} ended at {list.NextUpdate:u}";
            if (list.Holds(certificate)) return $"the certificate of {certificate.Subject} has been revoked";
        }

        return null;
    }

    private static string KeyOf(X500DistinguishedName name) => Convert.ToHexString(name.RawData);
}
