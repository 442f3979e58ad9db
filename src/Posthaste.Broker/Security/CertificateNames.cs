using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Posthaste.Broker.Security;

/// <summary>Finds the user's name in a client certificate.</summary>
internal static class CertificateNames
{
    private const string AlternativeNameOid = "2.5.29.17";

    // GeneralName of RFC 5280 section 4.2.1.6, a tagged choice.
    private const int EmailTag = 1;
    private const int DnsTag = 2;
    private const int UriTag = 6;
    private const int IpAddressTag = 7;

    /// <summary>Null when the certificate has no such name.</summary>
    public static string? NameOf(X509Certificate2 certificate, AuthenticationOptions options)
    {
        var name = options.CertificateName switch
        {
            CertificateName.DistinguishedName => DistinguishedNames.Format(certificate.SubjectName),
            CertificateName.SubjectAlternativeName =>
                AlternativeNames(certificate, options.AlternativeNameKind).ElementAtOrDefault(
                    options.AlternativeNameIndex),
            _ => certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
        };
        return string.IsNullOrEmpty(name) ? null : name;
    }

    private static List<string> AlternativeNames(X509Certificate2 certificate, AlternativeNameKind kind)
    {
        var found = new List<string>();
        if (certificate.Extensions[AlternativeNameOid] is not { } extension) return found;
        var wanted = kind switch
        {
            AlternativeNameKind.Email => EmailTag,
            AlternativeNameKind.Uri => UriTag,
            AlternativeNameKind.IpAddress => IpAddressTag,
            _ => DnsTag,
        };
        try
        {
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                var tag = names.PeekTag();
                if (tag.TagClass != TagClass.ContextSpecific || tag.TagValue != wanted)
                    names.ReadEncodedValue();
                else if (kind == AlternativeNameKind.IpAddress)
                    found.Add(new IPAddress(names.ReadOctetString(tag)).ToString());
                else
                    found.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, tag));
            }
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or ArgumentException)
        {
            // An authority that issues such a thing names nobody with it.
            return [];
        }

        return found;
    }
}
