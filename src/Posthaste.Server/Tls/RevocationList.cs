using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Posthaste.Server.Tls;

/// <summary>
/// The certificates that an authority has taken back (RFC 5280 section 5), as .NET does not read them from files:
/// <code>
///   CertificateList  { tbsCertList, signatureAlgorithm, signature BIT STRING }
///   tbsCertList      { [version], algorithm, issuer, thisUpdate, [nextUpdate], [{ serial, date, … } …], … }
/// </code>
/// Immutable, any thread.
/// </summary>
internal sealed class RevocationList
{
    private const string Label = "X509 CRL";

    private readonly HashSet<BigInteger> _serials = [];
    private readonly byte[] _signed;
    private readonly byte[] _signature;
    private readonly string _algorithm;

    private RevocationList(byte[] der)
    {
        var list = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        _signed = list.PeekEncodedValue().ToArray();
        var body = list.ReadSequence();
        _algorithm = list.ReadSequence().ReadObjectIdentifier();
        _signature = list.ReadBitString(out _);

        if (body.PeekTag().HasSameClassAndValue(Asn1Tag.Integer)) body.ReadInteger();
        body.ReadSequence();
        Issuer = new X500DistinguishedName(body.ReadEncodedValue().Span);
        ReadTime(body);
        NextUpdate = body.HasData && IsTime(body.PeekTag()) ? ReadTime(body) : null;
        if (!body.HasData || !body.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence)) return;
        var entries = body.ReadSequence();
        while (entries.HasData) _serials.Add(entries.ReadSequence().ReadInteger());
    }

    public X500DistinguishedName Issuer { get; }

    /// <summary>When there is another one at the latest; null: it does not say.</summary>
    public DateTimeOffset? NextUpdate { get; }

    public int Count => _serials.Count;

    /// <summary>Reads all lists of a file, in PEM, or one in DER.</summary>
    /// <exception cref="PosthasteConfigurationException">It can't be read, or holds none.</exception>
    public static IReadOnlyList<RevocationList> Load(string path)
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            return bytes is [0x30, ..] ? [new RevocationList(bytes)] : ReadPem(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or AsnContentException
            or CryptographicException or FormatException)
        {
            throw new PosthasteConfigurationException($"can't use the revocation lists {path}: {e.Message}", e);
        }
    }

    public bool Holds(X509Certificate2 certificate) =>
        _serials.Contains(new BigInteger(certificate.SerialNumberBytes.Span, isBigEndian: true));

    /// <summary>Whether the authority has signed it.</summary>
    public bool IsSignedBy(X509Certificate2 authority)
    {
        if (HashOf(_algorithm) is not { } hash) return false;
        using var rsa = authority.GetRSAPublicKey();
        using var ecdsa = authority.GetECDsaPublicKey();
        return rsa?.VerifyData(_signed, _signature, hash, RSASignaturePadding.Pkcs1)
            ?? ecdsa?.VerifyData(_signed, _signature, hash, DSASignatureFormat.Rfc3279DerSequence)
            ?? false;
    }

    private static List<RevocationList> ReadPem(string text)
    {
        var lists = new List<RevocationList>();
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (rest[fields.Label].SequenceEqual(Label))
                lists.Add(new RevocationList(Convert.FromBase64String(rest[fields.Base64Data].ToString())));
            rest = rest[fields.Location.End..];
        }

        return lists.Count > 0 ? lists : throw new FormatException($"it holds no {Label}");
    }

    /// <summary>What authorities sign with: RSA and ECDSA with SHA-2. Others are no signature.</summary>
    private static HashAlgorithmName? HashOf(string algorithm) => algorithm switch
    {
        "1.2.840.113549.1.1.11" or "1.2.840.10045.4.3.2" => HashAlgorithmName.SHA256,
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => HashAlgorithmName.SHA384,
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => HashAlgorithmName.SHA512,
        _ => null,
    };

    private static bool IsTime(Asn1Tag tag) =>
        tag.HasSameClassAndValue(Asn1Tag.UtcTime) || tag.HasSameClassAndValue(Asn1Tag.GeneralizedTime);

    private static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();
}
