using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;

namespace Posthaste.Broker.Security.Tokens;

/// <summary>A public key that tokens are signed with. Immutable, any thread.</summary>
internal sealed class VerificationKey
{
    /// <summary>Bits of an RSA key at least: RFC 7518 section 3.3.</summary>
    private const int RsaBitsMin = 2_048;

    /// <summary>Bits of an RSA key at most: a larger one only costs time.</summary>
    private const int RsaBitsMax = 8_192;

    private readonly string _type;
    private readonly string? _algorithm;
    private readonly string? _curve;
    private readonly RSAParameters _rsa;
    private readonly ECParameters _curveKey;

    private VerificationKey(string? id, string? algorithm, RSAParameters rsa)
    {
        (Id, _algorithm, _type, _rsa) = (id, algorithm, "RSA", rsa);
        using var key = RSA.Create(rsa);
        if (key.KeySize is < RsaBitsMin or > RsaBitsMax)
            throw new FormatException($"an RSA key of {key.KeySize} bits; it has to have {RsaBitsMin} to {RsaBitsMax}");
    }

    private VerificationKey(string? id, string? algorithm, string curve, ECParameters curveKey)
    {
        (Id, _algorithm, _type, _curve, _curveKey) = (id, algorithm, "EC", curve, curveKey);

        // Throws for a point that is not on the curve.
        using var key = ECDsa.Create(curveKey);
    }

    /// <summary>The `kid` that tokens name it by; null if it has none.</summary>
    public string? Id { get; }

    /// <summary>
    /// Reads one key of a set (RFC 7517 section 4). Keys for other purposes, and of types that sign no token here, are
    /// passed over: then both the key and the fault are null.
    /// </summary>
    public static bool TryRead(JsonElement json, [NotNullWhen(true)] out VerificationKey? key, out string? fault)
    {
        (key, fault) = (null, null);
        if (json.ValueKind != JsonValueKind.Object)
        {
            fault = "a key is no object";
            return false;
        }

        if (Text(json, "use") is { } use && use != "sig") return false;
        var (id, algorithm) = (Text(json, "kid"), Text(json, "alg"));
        try
        {
            key = Text(json, "kty") switch
            {
                "RSA" => new VerificationKey(id, algorithm, new RSAParameters
                {
                    Modulus = Number(json, "n"),
                    Exponent = Number(json, "e"),
                }),
                "EC" when Text(json, "crv") is { } curve && CurveOf(curve) is { } known =>
                    new VerificationKey(id, algorithm, curve, new ECParameters
                    {
                        Curve = known,
                        Q = new ECPoint { X = Number(json, "x"), Y = Number(json, "y") },
                    }),
                _ => null,
            };
            return key is not null;
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            fault = $"key '{id}': {e.Message}";
            return false;
        }
    }

    /// <summary>Whether it is the kind of key that the algorithm needs, and not kept for another one.</summary>
    public bool Fits(SignatureAlgorithm algorithm) =>
        _type == algorithm.KeyType && _curve == algorithm.Curve
        && (_algorithm is null || _algorithm == algorithm.Name);

    /// <remarks>A key object each time: they are not made to be used by several threads.</remarks>
    public bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        if (algorithm.Padding is { } padding)
        {
            using var rsa = RSA.Create(_rsa);
            return rsa.VerifyData(signed, signature, algorithm.Hash, padding);
        }

        // RFC 7518 section 3.4: R and S side by side, which is what is asked for by default.
        using var ecdsa = ECDsa.Create(_curveKey);
        return ecdsa.VerifyData(signed, signature, algorithm.Hash);
    }

    private static ECCurve? CurveOf(string name) => name switch
    {
        "P-256" => ECCurve.NamedCurves.nistP256,
        "P-384" => ECCurve.NamedCurves.nistP384,
        "P-521" => ECCurve.NamedCurves.nistP521,
        _ => null,
    };

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[] Number(JsonElement json, string name) =>
        Text(json, name) is { Length: > 0 } text
            ? Base64Url.DecodeFromChars(text)
            : throw new FormatException($"it has no '{name}'");
}
