using System.Security.Cryptography;

namespace Posthaste.Broker.Security.Tokens;

/// <summary>
/// A signature of RFC 7518 section 3 that tokens may have: asymmetric ones only. What is not in the table (`none`, the
/// HMACs) is no signature here, so nobody can sign with a public key taken for a secret.
/// </summary>
/// <param name="Name">The `alg` of a token.</param>
/// <param name="KeyType">The `kty` that a key must have for it.</param>
/// <param name="Hash">What is signed.</param>
/// <param name="Padding">RSA's; null for others.</param>
/// <param name="Curve">The `crv` that an elliptic key must have; null for others.</param>
internal sealed record SignatureAlgorithm(
    string Name, string KeyType, HashAlgorithmName Hash, RSASignaturePadding? Padding, string? Curve)
{
    private static readonly SignatureAlgorithm[] All =
    [
        new("RS256", "RSA", HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, null),
        new("RS384", "RSA", HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1, null),
        new("RS512", "RSA", HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1, null),
        new("PS256", "RSA", HashAlgorithmName.SHA256, RSASignaturePadding.Pss, null),
        new("PS384", "RSA", HashAlgorithmName.SHA384, RSASignaturePadding.Pss, null),
        new("PS512", "RSA", HashAlgorithmName.SHA512, RSASignaturePadding.Pss, null),
        new("ES256", "EC", HashAlgorithmName.SHA256, null, "P-256"),
        new("ES384", "EC", HashAlgorithmName.SHA384, null, "P-384"),
        new("ES512", "EC", HashAlgorithmName.SHA512, null, "P-521"),
    ];

    /// <summary>Null when there is no such algorithm, or none that is taken.</summary>
    public static SignatureAlgorithm? Find(string name) => Array.Find(All, algorithm => algorithm.Name == name);
}
