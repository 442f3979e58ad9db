namespace Posthaste.Server.Tls;

/// <summary>
/// The certificates of a broker. Once there is one, every protocol has a listener with TLS beside the plain one.
/// The files are read again when they change; connections that are open keep what they have.
/// </summary>
public sealed class TlsOptions
{
    /// <summary>
    /// Certificate files, PEM (with the intermediate ones behind it) or PFX. The first whose names match the name that
    /// a client asks for (SNI) is shown to it; the first of all when none does.
    /// </summary>
    public IList<string> CertificateFiles { get; } = [];

    /// <summary>
    /// Key files in PEM, one for each certificate file, in the same order. None when the certificate files hold their
    /// keys.
    /// </summary>
    public IList<string> KeyFiles { get; } = [];

    /// <summary>What the keys or PFX files are encrypted with; null when they are not.</summary>
    public string? Password { get; set; }

    /// <summary>
    /// PEM file with the authorities that client certificates come from. Set, clients are asked for one, and one that
    /// does not come from there is refused. Default null: clients are not asked.
    /// </summary>
    public string? ClientAuthorityFile { get; set; }

    /// <summary>
    /// Whether clients without a certificate are refused. Default false: they log in by other means.
    /// </summary>
    public bool RequiresClientCertificate { get; set; }

    /// <summary>
    /// File with the revocation lists of those authorities, PEM or DER. Set, a client's certificate is refused that its
    /// authority has taken back, or whose authority has no list in the file that still counts. Default null.
    /// </summary>
    public string? RevocationListFile { get; set; }

    /// <summary>
    /// Whether the authorities' servers are asked, during the handshake, if a client's certificate still counts: by
    /// OCSP or for the list that the certificate names. When none can be asked it is refused. Default false.
    /// </summary>
    public bool AsksForRevocation { get; set; }

    /// <summary>Whether TLS 1.2 is refused, and 1.3 is all that is spoken. Default false.</summary>
    public bool RequiresTls13 { get; set; }

    /// <summary>
    /// Whether the keys of connections are written to the file that the environment variable SSLKEYLOGFILE names, so
    /// that a recorded connection can be read. For development: every listener with TLS has to be on this machine.
    /// </summary>
    public bool LogsKeys { get; set; }

    /// <summary>Whether there is a certificate.</summary>
    internal bool IsOn => CertificateFiles.Count > 0;

    /// <summary>
    /// Time after which the files are looked at again: sooner than anybody who replaced one starts to wonder.
    /// </summary>
    internal TimeSpan ReloadInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <exception cref="PosthasteConfigurationException">The settings do not go together.</exception>
    internal void Check()
    {
        var hasMore = ClientAuthorityFile is not null || RequiresClientCertificate || RequiresTls13 || LogsKeys;
        if (!IsOn && (KeyFiles.Count > 0 || hasMore))
            throw new PosthasteConfigurationException("TLS needs a certificate: --tls-cert, or Posthaste:Tls:Cert");
        if (KeyFiles.Count > 0 && KeyFiles.Count != CertificateFiles.Count)
        {
            throw new PosthasteConfigurationException(
                $"there are {CertificateFiles.Count} certificate files and {KeyFiles.Count} key files; " +
                "each certificate needs one, in the same order, or none does");
        }

        if ((RevocationListFile is not null || AsksForRevocation) && ClientAuthorityFile is null)
        {
            throw new PosthasteConfigurationException(
                "what has been revoked can't be known without the authorities that client certificates come from: " +
                "--tls-ca, or Posthaste:Tls:Ca");
        }

        if (RequiresClientCertificate && ClientAuthorityFile is null)
        {
            throw new PosthasteConfigurationException(
                "client certificates can't be required without the authorities they come from: --tls-ca, or " +
                "Posthaste:Tls:Ca");
        }
    }
}
