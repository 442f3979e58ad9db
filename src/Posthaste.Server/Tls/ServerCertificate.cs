using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Posthaste.Server.Tls;

/// <summary>A certificate with its private key and the chain that is shown with it.</summary>
internal sealed record ServerCertificate(X509Certificate2 Leaf, SslStreamCertificateContext Context)
{
    private const string PemStart = "-----BEGIN ";
    private const string EncryptedKey = "ENCRYPTED";

    /// <summary>Whether the certificate is for this name: of its alternative names, wildcards included.</summary>
    public bool IsFor(string serverName) =>
        serverName.Length > 0 && Leaf.MatchesHostname(serverName, allowWildcards: true, allowCommonName: true);

    /// <summary>Reads a certificate and its key.</summary>
    /// <param name="path">PEM or PFX.</param>
    /// <param name="keyPath">PEM; null when the key is in the same file.</param>
    /// <exception cref="PosthasteConfigurationException">A file can't be read or used; the message says
    /// why.</exception>
    public static ServerCertificate Load(string path, string? keyPath, string? password)
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            var isPem = bytes.AsSpan().IndexOf("-----BEGIN "u8) >= 0;
            return isPem ? LoadPem(path, keyPath, password) : LoadPfx(bytes, password);
        }
        catch (Exception e) when (IsExpected(e))
        {
            throw new PosthasteConfigurationException($"can't use the certificate {path}: {e.Message}", e);
        }
    }

    /// <summary>Reads the certificates of authorities.</summary>
    /// <exception cref="PosthasteConfigurationException">The file can't be read or holds none.</exception>
    public static X509Certificate2Collection LoadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception e) when (IsExpected(e))
        {
            throw new PosthasteConfigurationException($"can't use the authorities {path}: {e.Message}", e);
        }

        return authorities.Count > 0
            ? authorities
            : throw new PosthasteConfigurationException($"can't use the authorities {path}: no certificate in PEM");
    }

    private static ServerCertificate LoadPem(string path, string? keyPath, string? password)
    {
        var certificates = File.ReadAllText(path);
        var key = keyPath is null ? certificates : File.ReadAllText(keyPath);
        if (!key.Contains("PRIVATE KEY", StringComparison.Ordinal))
            throw new CryptographicException($"{keyPath ?? "the file"} holds no private key");
        var isEncrypted = key.Contains($"{PemStart}{EncryptedKey} ", StringComparison.Ordinal);
        if (isEncrypted && password is null)
            throw new CryptographicException("its key is encrypted and there is no password");

        var leaf = isEncrypted
            ? X509Certificate2.CreateFromEncryptedPem(certificates, key, password)
            : X509Certificate2.CreateFromPem(certificates, key);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificates);
        return Create(leaf, chain);
    }

    private static ServerCertificate LoadPfx(byte[] bytes, string? password)
    {
        var chain = X509CertificateLoader.LoadPkcs12Collection(bytes, password);
        var leaf = chain.FirstOrDefault(certificate => certificate.HasPrivateKey)
            ?? throw new CryptographicException("the file holds no private key");
        return Create(leaf, chain);
    }

    private static ServerCertificate Create(X509Certificate2 leaf, X509Certificate2Collection chain)
    {
        // Windows hands TLS to another process, which can't see a key that is in this one's memory only.
        var usable = OperatingSystem.IsWindows()
            ? X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null)
            : leaf;
        // Offline: a start does not depend on what an authority's server has to say.
        return new ServerCertificate(usable, SslStreamCertificateContext.Create(usable, chain, offline: true));
    }

    private static bool IsExpected(Exception e) =>
        e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;
}
