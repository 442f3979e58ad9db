using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Posthaste.Testing;

/// <summary>Somebody who makes access tokens: keys of every kind, their key set, and tokens signed with them.</summary>
/// <param name="keySuffix">What the names of its keys end with: issuers with another one have other keys.</param>
internal sealed class TokenIssuer(string keySuffix = "") : IDisposable
{
    public const string Name = "https://issuer.example";
    public const string Audience = "posthaste";

    /// <summary>Made once, because that takes its time.</summary>
    private static readonly ConcurrentDictionary<string, RSAParameters> RsaKeys = new();

    private readonly RSA _rsa = RSA.Create(RsaKeys.GetOrAdd(keySuffix, static _ =>
    {
        using var rsa = RSA.Create(2048);
        return rsa.ExportParameters(includePrivateParameters: true);
    }));

    private readonly Dictionary<string, ECDsa> _curves = new()
    {
        ["ES256"] = ECDsa.Create(ECCurve.NamedCurves.nistP256),
        ["ES384"] = ECDsa.Create(ECCurve.NamedCurves.nistP384),
        ["ES512"] = ECDsa.Create(ECCurve.NamedCurves.nistP521),
    };

    private string? _keyFile;

    /// <summary>The public half of the RSA key, as whoever confuses keys and secrets would use it.</summary>
    public byte[] RsaPublicKey => _rsa.ExportSubjectPublicKeyInfo();

    /// <summary>The key set that is published.</summary>
    public string KeySet => new JsonObject
    {
        ["keys"] = new JsonArray([RsaKey(), .. _curves.Select(entry => CurveKey(entry.Key, entry.Value))]),
    }.ToJsonString();

    /// <summary>A file with the key set, as long as the issuer lives.</summary>
    public string KeyFile
    {
        get
        {
            if (_keyFile is null)
            {
                _keyFile = Path.Combine(Path.GetTempPath(), $"posthaste-keys-{Guid.NewGuid():n}.json");
                File.WriteAllText(_keyFile, KeySet);
            }

            return _keyFile;
        }
    }

    /// <summary>Claims that are fine for an hour from a time on.</summary>
    public static JsonObject Claims(DateTimeOffset now, params string[] scopes) => new()
    {
        ["iss"] = Name,
        ["aud"] = new JsonArray("other", Audience),
        ["sub"] = "ann",
        ["exp"] = now.AddHours(1).ToUnixTimeSeconds(),
        ["scope"] = string.Join(' ', scopes.Select(static scope => $"{Audience}.{scope}")),
    };

    public string KeyId(string algorithm) => (algorithm[0] == 'E' ? algorithm : "rsa") + keySuffix;

    /// <summary>A token with these claims.</summary>
    public string Sign(JsonObject claims, string algorithm = "RS256") => SignRaw(
        new JsonObject { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = KeyId(algorithm) }.ToJsonString(),
        claims.ToJsonString(), algorithm);

    /// <summary>
    /// A token with this header and these claims as they stand, signed by an algorithm that may be another.
    /// </summary>
    public string SignRaw(string header, string claims, string algorithm)
    {
        var signed = $"{Encode(header)}.{Encode(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(Signature(Encoding.ASCII.GetBytes(signed), algorithm))}";
    }

    public static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    public void Dispose()
    {
        _rsa.Dispose();
        foreach (var key in _curves.Values) key.Dispose();
        if (_keyFile is not null) File.Delete(_keyFile);
    }

    private byte[] Signature(byte[] signed, string algorithm)
    {
        if (algorithm == "none") return [];
        if (algorithm == "HS256") return HMACSHA256.HashData(RsaPublicKey, signed);
        var hash = new HashAlgorithmName($"SHA{algorithm[2..]}");
        return algorithm[0] switch
        {
            'E' => _curves[algorithm].SignData(signed, hash),
            'P' => _rsa.SignData(signed, hash, RSASignaturePadding.Pss),
            _ => _rsa.SignData(signed, hash, RSASignaturePadding.Pkcs1),
        };
    }

    private JsonObject RsaKey()
    {
        var key = _rsa.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["use"] = "sig",
            ["kid"] = KeyId("RS256"),
            ["n"] = Base64Url.EncodeToString(key.Modulus),
            ["e"] = Base64Url.EncodeToString(key.Exponent),
        };
    }

    private JsonObject CurveKey(string algorithm, ECDsa ecdsa)
    {
        var key = ecdsa.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["kty"] = "EC",
            ["alg"] = algorithm,
            ["crv"] = $"P-{(algorithm == "ES512" ? "521" : algorithm[2..])}",
            ["kid"] = KeyId(algorithm),
            ["x"] = Base64Url.EncodeToString(key.Q.X),
            ["y"] = Base64Url.EncodeToString(key.Q.Y),
        };
    }
}
