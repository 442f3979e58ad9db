using System.Net;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Posthaste.Server.Tests.Tls;

/// <summary>A certificate authority of one test, which issues whatever it is asked for.</summary>
internal sealed class TestAuthority : IDisposable
{
    public const string ForServers = "1.3.6.1.5.5.7.3.1";
    public const string ForClients = "1.3.6.1.5.5.7.3.2";

    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestAuthority(string name = "Test Authority")
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        Certificate = request.CreateSelfSigned(Now.AddDays(-100), Now.AddDays(100));
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>A certificate with its key, for the name as subject and as DNS name or address.</summary>
    public X509Certificate2 Issue(string name, string purpose = ForServers, int daysLeft = 60, string? listAt = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address)) names.AddIpAddress(address);
        else names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        if (listAt is not null)
        {
            request.CertificateExtensions.Add(
                CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([listAt]));
        }

        using var bare = request.Create(
            Certificate, Now.AddDays(Math.Min(0, daysLeft) - 1), Now.AddDays(daysLeft), Guid.NewGuid().ToByteArray());
        return bare.CopyWithPrivateKey(key);
    }

    /// <summary>The list of what has been taken back, as DER.</summary>
    public byte[] Revoke(int daysLeft, params X509Certificate2[] certificates)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var certificate in certificates) builder.AddEntry(certificate);
        return builder.Build(
            Certificate, BigInteger.One, Now.AddDays(daysLeft), HashAlgorithmName.SHA256, thisUpdate: Now.AddDays(-2));
    }

    /// <summary>Writes a certificate and its key as PEM beside each other.</summary>
    public static (string Cert, string Key) Write(string folder, string name, X509Certificate2 certificate)
    {
        var (cert, key) = (Path.Combine(folder, $"{name}.pem"), Path.Combine(folder, $"{name}.key"));
        File.WriteAllText(cert, certificate.ExportCertificatePem());
        File.WriteAllText(key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        return (cert, key);
    }

    /// <summary>Writes the authority's own certificate.</summary>
    public string Write(string folder)
    {
        var path = Path.Combine(folder, $"{Certificate.Subject[3..]}.pem");
        File.WriteAllText(path, Certificate.ExportCertificatePem());
        return path;
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }
}
