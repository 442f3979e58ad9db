using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Posthaste.Broker.Security;

/// <summary>Finds the user's name in a client certificate.</summary>
internal static class CertificateNames
{
    private const string SubjectAlternativeNameOid = "2.5.29.17";

    /// <summary>Null when the certificate has no such name.</summary>
    public static string? NameOf(X509Certificate2 certificate, CertificateName kind)
    {
        var name = kind switch
        {
            CertificateName.DistinguishedName => certificate.SubjectName.Name,
            CertificateName.SubjectAlternativeName => AlternativeName(certificate),
            _ => certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
        };
        return string.IsNullOrEmpty(name) ? null : name;
    }

    /// <summary>
    /// RFC 5280 section 4.2.1.6: a sequence of tagged names, of which rfc822Name is [1], dNSName [2] and URI [6].
    /// </summary>
    private static string? AlternativeName(X509Certificate2 certificate)
    {
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != SubjectAlternativeNameOid) continue;
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                var tag = names.PeekTag();
                if (tag.TagClass == TagClass.ContextSpecific && tag.TagValue is 1 or 2 or 6)
                    return names.ReadCharacterString(UniversalTagNumber.IA5String, tag);
                names.ReadEncodedValue();
            }
        }

        return null;
    }
}
