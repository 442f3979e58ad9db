using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Posthaste.Broker.Security;

/// <summary>
/// A distinguished name as text (RFC 4514), the most special part first, as RabbitMQ writes it: <c>CN=ann,O=x</c>.
/// </summary>
internal static class DistinguishedNames
{
    private const string Special = ",+\"\\<>;";

    /// <summary>Attributes that have a name; others are called by their number.</summary>
    private static readonly Dictionary<string, string> Names = new()
    {
        ["2.5.4.3"] = "CN",
        ["2.5.4.4"] = "SN",
        ["2.5.4.5"] = "SERIALNUMBER",
        ["2.5.4.6"] = "C",
        ["2.5.4.7"] = "L",
        ["2.5.4.8"] = "ST",
        ["2.5.4.9"] = "STREET",
        ["2.5.4.10"] = "O",
        ["2.5.4.11"] = "OU",
        ["2.5.4.12"] = "TITLE",
        ["2.5.4.42"] = "GIVENNAME",
        ["0.9.2342.19200300.100.1.1"] = "UID",
        ["0.9.2342.19200300.100.1.25"] = "DC",
        ["1.2.840.113549.1.9.1"] = "EMAILADDRESS",
    };

    public static string Format(X500DistinguishedName name)
    {
        var parts = new List<string>();
        var sets = new AsnReader(name.RawData, AsnEncodingRules.BER).ReadSequence();
        while (sets.HasData)
        {
            var values = new List<string>();
            var set = sets.ReadSetOf();
            while (set.HasData) values.Add(FormatAttribute(set.ReadSequence()));
            parts.Add(string.Join('+', values));
        }

        parts.Reverse();
        return string.Join(',', parts);
    }

    private static string FormatAttribute(AsnReader attribute)
    {
        var oid = attribute.ReadObjectIdentifier();
        var tag = attribute.PeekTag();
        var value = attribute.ReadCharacterString((UniversalTagNumber)tag.TagValue);
        return $"{Names.GetValueOrDefault(oid, oid)}={Escape(value)}";
    }

    private static string Escape(string value)
    {
        var text = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            var isAtAnEdge = (c == ' ' && (i == 0 || i == value.Length - 1)) || (c == '#' && i == 0);
            if (isAtAnEdge || Special.Contains(c, StringComparison.Ordinal)) text.Append('\\');
            text.Append(c);
        }

        return text.ToString();
    }
}
