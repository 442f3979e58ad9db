using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Posthaste.Broker.Security.Tokens;

/// <summary>
/// A signed token in its parts, nothing of it believed yet (RFC 7515 section 3.1):
/// <code>
///   base64url(header JSON) . base64url(claims JSON) . base64url(signature)
///   `------------ what is signed, as ASCII ------'
/// </code>
/// </summary>
internal sealed class Jwt
{
    /// <summary>Characters of a token at most: those with hundreds of scopes have 8,000.</summary>
    public const int LengthMax = 16_384;

    private Jwt(string algorithm, string? keyId, byte[] signed, byte[] signature, byte[] claims)
    {
        (Algorithm, KeyId, Signed, Signature, Claims) = (algorithm, keyId, signed, signature, claims);
    }

    /// <summary>The header's `alg`.</summary>
    public string Algorithm { get; }

    /// <summary>The header's `kid`; null when it names no key.</summary>
    public string? KeyId { get; }

    public byte[] Signed { get; }

    public byte[] Signature { get; }

    /// <summary>JSON, to be read when the signature has been verified.</summary>
    public byte[] Claims { get; }

    /// <summary>
    /// Whether a password looks like a token: `ey` is how an encoded `{` begins, whatever follows it.
    /// </summary>
    public static bool IsLike(string password) =>
        password.StartsWith("ey", StringComparison.Ordinal) && password.AsSpan().Count('.') == 2;

    /// <summary>Reads the parts and the header. Never throws for what the text is.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out Jwt? token)
    {
        token = null;
        if (text.Length > LengthMax || !Ascii.IsValid(text)) return false;
        var parts = text.Split('.');
        if (parts.Length != 3 || !TryDecode(parts[0], out var header) || !TryDecode(parts[1], out var claims)
            || !TryDecode(parts[2], out var signature))
        {
            return false;
        }

        try
        {
            using var json = JsonDocument.Parse(header, TokenJson.Options);
            var root = json.RootElement;

            // `crit` names extensions that have to be understood (section 4.1.11), and none is. Keys that a header
            // brings along or points to (`jwk`, `jku`, `x5c`) are never looked at.
            if (root.ValueKind != JsonValueKind.Object || root.TryGetProperty("crit", out _)
                || TokenJson.Text(root, "alg") is not { } algorithm)
            {
                return false;
            }

            var signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
            token = new Jwt(algorithm, TokenJson.Text(root, "kid"), signed, signature, claims);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool TryDecode(string part, out byte[] bytes)
    {
        bytes = [];
        if (part.Length == 0 || part.Contains('=') || !Base64Url.IsValid(part)) return false;
        bytes = Base64Url.DecodeFromChars(part);
        return true;
    }
}
