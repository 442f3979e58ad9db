using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Posthaste.Broker.Security.Passwords;

/// <summary>Hash functions of RabbitMQ's password hashes.</summary>
public enum SaltedHashKind
{
    Md5,
    Sha256,
    Sha512,
}

/// <summary>
/// A password as RabbitMQ keeps it, for users that were imported: base64 of a salt of four bytes and the hash of salt
/// and password.
/// <code>
///  0       4                       4 + 16, 32 or 64
/// +-------+------------------------+
/// | salt  | H(salt || password)    |
/// +-------+------------------------+
/// </code>
/// One round of a fast function is weak against somebody who has the file; new passwords get <see
/// cref="ScramCredential"/>s.
/// </summary>
public sealed class SaltedHash : PasswordHash
{
    private const int SaltBytes = 4;
    private const string Prefix = "rabbit_password_hashing_";

    private readonly byte[] _salted;
    private readonly SaltedHashKind _kind;

    private SaltedHash(SaltedHashKind kind, byte[] salted)
    {
        _kind = kind;
        _salted = salted;
    }

    public override string Algorithm => Prefix + _kind.ToString().ToLowerInvariant();

    public override bool IsSlow => false;

    public override string Text => Convert.ToBase64String(_salted);

    /// <summary>The kind that an algorithm's name stands for; null for others.</summary>
    public static SaltedHashKind? KindOf(string algorithm) => algorithm switch
    {
        Prefix + "md5" => SaltedHashKind.Md5,
        Prefix + "sha256" => SaltedHashKind.Sha256,
        Prefix + "sha512" => SaltedHashKind.Sha512,
        _ => null,
    };

    /// <summary>Hashes a password as RabbitMQ does, for its definition files.</summary>
    public static SaltedHash Create(SaltedHashKind kind, string password, Action<Span<byte>> fillRandom)
    {
        var salt = new byte[SaltBytes];
        fillRandom(salt);
        return new SaltedHash(kind, [.. salt, .. Hash(kind, [.. salt, .. Encoding.UTF8.GetBytes(password)])]);
    }

    /// <summary>Null when the text is no hash of this kind.</summary>
    public static SaltedHash? TryParse(SaltedHashKind kind, string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) && count == SaltBytes + HashBytes(kind)
            ? new SaltedHash(kind, bytes[..count])
            : null;
    }

    public override bool Verify(string password)
    {
        byte[] salted = [.. _salted.AsSpan(0, SaltBytes), .. Encoding.UTF8.GetBytes(password)];
        return CryptographicOperations.FixedTimeEquals(Hash(_kind, salted), _salted.AsSpan(SaltBytes));
    }

    private static int HashBytes(SaltedHashKind kind) => kind switch
    {
        SaltedHashKind.Md5 => MD5.HashSizeInBytes,
        SaltedHashKind.Sha256 => SHA256.HashSizeInBytes,
        _ => SHA512.HashSizeInBytes,
    };

    [SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms",
        Justification = "Old definition files have it; nothing new is hashed with it.")]
    private static byte[] Hash(SaltedHashKind kind, byte[] bytes) => kind switch
    {
        SaltedHashKind.Md5 => MD5.HashData(bytes),
        SaltedHashKind.Sha256 => SHA256.HashData(bytes),
        _ => SHA512.HashData(bytes),
    };
}
