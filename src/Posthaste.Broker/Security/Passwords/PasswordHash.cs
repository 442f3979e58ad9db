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

    /// <summary>Whether a look at a password takes tenths of a second, so that not every thread may.</summary>
    public abstract bool IsSlow { get; }

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
        fault = $"the password hash is none of algorithm '{algorithm}'";
        switch (algorithm)
        {
            case null or "":
                hash = SaltedHash.TryParse(SaltedHashKind.Sha256, text);
                break;
            case ScramCredential.AlgorithmName:
                hash = ScramCredential.TryParse(text);
                break;
            case BcryptHash.AlgorithmName:
                hash = BcryptHash.TryParse(text, out fault);
                break;
            case { } name when SaltedHash.KindOf(name) is { } kind:
                hash = SaltedHash.TryParse(kind, text);
                break;
            default:
                hash = null;
                fault = $"unknown hashing algorithm '{algorithm}'";
                break;
        }

        return hash is not null;
    }
}
