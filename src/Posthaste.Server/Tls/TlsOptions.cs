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

    /// <summary>Whether there is a certificate.</summary>
    internal bool IsOn => CertificateFiles.Count > 0;

    /// <summary>
    /// Time after which the files are looked at again: sooner than anybody who replaced one starts to wonder.
    /// </summary>
    internal TimeSpan ReloadInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <exception cref="PosthasteConfigurationException">The settings do not go together.</exception>
    internal void Check()
    {
        if (!IsOn && (KeyFiles.Count > 0 || ClientAuthorityFile is not null || RequiresClientCertificate))
            throw new PosthasteConfigurationException("TLS needs a certificate: --tls-cert, or Posthaste:Tls:Cert");
        if (KeyFiles.Count > 0 && KeyFiles.Count != CertificateFiles.Count)
        {
            throw new PosthasteConfigurationException(
                $"there are {CertificateFiles.Count} certificate files and {KeyFiles.Count} key files; " +
                "each certificate needs one, in the same order, or none does");
        }

        if (RequiresClientCertificate && ClientAuthorityFile is null)
        {
            throw new PosthasteConfigurationException(
                "client certificates can't be required without the authorities they come from: --tls-ca, or " +
                "Posthaste:Tls:Ca");
        }
    }
}
