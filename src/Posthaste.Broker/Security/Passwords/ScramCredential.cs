using System.Globalization;
using System.Security.Cryptography;

namespace Posthaste.Broker.Security.Passwords;

/// <summary>The SCRAM mechanisms (RFC 5802, RFC 7677).</summary>
public sealed class ScramMechanism
{
    public static readonly ScramMechanism Sha256 = new("SCRAM-SHA-256", HashAlgorithmName.SHA256, 32);
    public static readonly ScramMechanism Sha512 = new("SCRAM-SHA-512", HashAlgorithmName.SHA512, 64);

    private ScramMechanism(string name, HashAlgorithmName hash, int hashBytes)
    {
        Name = name;
        Hash = hash;
        HashBytes = hashBytes;
    }

    public string Name { get; }

    public int HashBytes { get; }

    internal HashAlgorithmName Hash { get; }

    /// <summary>The mechanism of a name; null for others.</summary>
    public static ScramMechanism? Find(string name) =>
        name == Sha256.Name ? Sha256 : name == Sha512.Name ? Sha512 : null;

    internal byte[] Digest(ReadOnlySpan<byte> bytes) => CryptographicOperations.HashData(Hash, bytes);

    internal byte[] Mac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> bytes) =>
        CryptographicOperations.HmacData(Hash, key, bytes);
}

/// <summary>
/// A password as SCRAM keeps it (RFC 5802 section 3): whoever has it can neither log in with it nor, without trying
/// passwords one by one at the cost of all its iterations, know the password. Serves PLAIN logins as well.
/// </summary>
/// <remarks>
/// SaltedPassword = PBKDF2(password, salt, iterations); StoredKey = H(HMAC(SaltedPassword, "Client Key")); ServerKey =
/// HMAC(SaltedPassword, "Server Key"). The text is that of RFC 5803:
/// <c>SCRAM-SHA-512$iterations:salt$StoredKey:ServerKey</c>. Passwords are taken as UTF-8 as they are; SASLprep changes
/// nothing in ASCII ones.
/// </remarks>
public sealed class ScramCredential : PasswordHash
{
    /// <summary>`hashing_algorithm` in definition files.</summary>
    public const string AlgorithmName = "scram";

    /// <summary>
    /// PBKDF2 iterations of new credentials: OWASP's advice for SHA-512, some 0.2 s. A login that has succeeded is
    /// recognised without them (<see cref="KnownLogins"/>).
    /// </summary>
    public const int IterationsDefault = 210_000;

    /// <summary>RFC 7677 section 4 asks for 4,096 at least.</summary>
    public const int IterationsMin = 4_096;

    /// <summary>Above that a login would cost seconds: nobody means it.</summary>
    public const int IterationsMax = 10_000_000;

    /// <summary>Up to that a login takes a few milliseconds, which no thread minds.</summary>
    private const int IterationsQuick = 10_000;

    private const int SaltBytes = 16;

    private ScramCredential(
        ScramMechanism mechanism, int iterations, byte[] salt, byte[] storedKey, byte[] serverKey)
    {
        Mechanism = mechanism;
        Iterations = iterations;
        Salt = salt;
        StoredKey = storedKey;
        ServerKey = serverKey;
    }

    public ScramMechanism Mechanism { get; }

    public int Iterations { get; }

    public override string Algorithm => AlgorithmName;

    public override bool IsSlow => Iterations > IterationsQuick;

    public override string Text =>
        $"{Mechanism.Name}${Iterations}:{Base64(Salt)}${Base64(StoredKey)}:{Base64(ServerKey)}";

    internal byte[] Salt { get; }

    internal byte[] StoredKey { get; }

    internal byte[] ServerKey { get; }

    /// <summary>A credential for a new password.</summary>
    public static ScramCredential Create(
        ScramMechanism mechanism, string password, Action<Span<byte>> fillRandom, int iterations = IterationsDefault)
    {
        var salt = new byte[SaltBytes];
        fillRandom(salt);
        var salted = SaltedPassword(mechanism, password, salt, iterations);
        return new ScramCredential(
            mechanism, iterations, salt, mechanism.Digest(mechanism.Mac(salted, "Client Key"u8)),
            mechanism.Mac(salted, "Server Key"u8));
    }

    /// <summary>
    /// A credential that no password matches, for names that nobody has: its keys are made of no password.
    /// </summary>
    internal static ScramCredential Unmatchable(ScramMechanism mechanism, ReadOnlySpan<byte> salt) =>
        new(mechanism, IterationsDefault, salt.ToArray(), new byte[mechanism.HashBytes], new byte[mechanism.HashBytes]);

    /// <summary>Null when the text is no credential.</summary>
    public static ScramCredential? TryParse(string text)
    {
        var parts = text.Split('$', ':');
        if (parts.Length != 5 || ScramMechanism.Find(parts[0]) is not { } mechanism
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations is < IterationsMin or > IterationsMax
            || FromBase64(parts[2]) is not { Length: > 0 } salt
            || FromBase64(parts[3]) is not { } storedKey || storedKey.Length != mechanism.HashBytes
            || FromBase64(parts[4]) is not { } serverKey || serverKey.Length != mechanism.HashBytes)
        {
            return null;
        }

        return new ScramCredential(mechanism, iterations, salt, storedKey, serverKey);
    }

    public override bool Verify(string password)
    {
        var salted = SaltedPassword(Mechanism, password, Salt, Iterations);
        var storedKey = Mechanism.Digest(Mechanism.Mac(salted, "Client Key"u8));
        return CryptographicOperations.FixedTimeEquals(storedKey, StoredKey);
    }

    private static byte[] SaltedPassword(ScramMechanism mechanism, string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, mechanism.Hash, mechanism.HashBytes);

    private static string Base64(byte[] bytes) => Convert.ToBase64String(bytes);

    private static byte[]? FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) ? bytes[..count] : null;
    }
}
