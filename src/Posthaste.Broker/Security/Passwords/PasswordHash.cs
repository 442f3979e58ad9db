using System.Diagnostics.CodeAnalysis;

namespace Posthaste.Broker.Security.Passwords;

/// <summary>What is kept of a password: enough to recognise it, not to know it. Immutable, any thread.</summary>
public abstract class PasswordHash
{
    /// <summary>
    /// Name of the algorithm, as definition files have it in `hashing_algorithm`.
    /// </summary>
    public abstract string Algorithm { get; }

    /// <summary>The hash as definition files have it in `password_hash`.</summary>
    public abstract string Text { get; }

    /// <summary>Whether it is this password. As slow as the algorithm means it to be; in constant time.</summary>
    public abstract bool Verify(string password);

    /// <summary>A hash of a new password, by the algorithm that Posthaste itself uses.</summary>
    public static PasswordHash Create(string password, Action<Span<byte>> fillRandom) =>
        ScramCredential.Create(ScramMechanism.Sha512, password, fillRandom);

    /// <summary>Reads a hash from a definition file.</summary>
    /// <param name="algorithm">`hashing_algorithm`; null means RabbitMQ's default, SHA-256.</param>
    /// <param name="text">`password_hash`.</param>
    /// <param name="hash">What was read.</param>
    /// <param name="fault">What is wrong with it, for people.</param>
    public static bool TryParse(
        string? algorithm, string text, [NotNullWhen(true)] out PasswordHash? hash, out string fault)
    {
        hash = algorithm switch
        {
            null or "" => SaltedHash.TryParse(SaltedHashKind.Sha256, text),
            _ when SaltedHash.KindOf(algorithm) is { } kind => SaltedHash.TryParse(kind, text),
            ScramCredential.AlgorithmName => ScramCredential.TryParse(text),
            _ => null,
        };
        fault = hash is not null ? ""
            : algorithm is null or "" or ScramCredential.AlgorithmName || SaltedHash.KindOf(algorithm) is not null
                ? $"the password hash is none of algorithm '{algorithm}'"
                : $"unknown hashing algorithm '{algorithm}'";
        return hash is not null;
    }
}
