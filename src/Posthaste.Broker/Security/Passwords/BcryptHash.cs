using System.Buffers;
using System.Globalization;
using BCrypt.Net;
using Bcrypt = BCrypt.Net.BCrypt;

namespace Posthaste.Broker.Security.Passwords;

/// <summary>
/// A password as LavinMQ keeps it, for users that were imported: bcrypt's own text, in the revisions 2a, 2b and 2y.
/// <code>
///   $2b$ 12 $ salt, 22 characters  hash, 31 characters
///        `- cost: 2^12 rounds
/// </code>
/// Serves logins that bring the password; SCRAM needs a credential of its own.
/// </summary>
public sealed class BcryptHash : PasswordHash
{
    /// <summary>`hashing_algorithm` in LavinMQ's definition files.</summary>
    public const string AlgorithmName = "lavinmq_bcrypt";

    /// <summary>The least that bcrypt has.</summary>
    public const int CostMin = 4;

    /// <summary>
    /// Each step doubles the time of a login: 12, which is common, takes some 0.3 s, 15 some 2 s, and 31, bcrypt's own
    /// limit, two days.
    /// </summary>
    public const int CostMax = 15;

    private const int TextLength = 60;
    private const int CostAt = 4;
    private const int SaltAt = 7;

    private static readonly SearchValues<char> Base64 =
        SearchValues.Create("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    private BcryptHash(string text) => Text = text;

    public override string Algorithm => AlgorithmName;

    public override string Text { get; }

    public override bool IsSlow => true;

    /// <summary>Null, with what is wrong for people, when the text is no hash that is taken.</summary>
    public static BcryptHash? TryParse(string text, out string fault)
    {
        fault = "";
        if (text.Length != TextLength || text is not ['$', '2', 'a' or 'b' or 'y', '$', _, _, '$', ..]
            || text.AsSpan(SaltAt).ContainsAnyExcept(Base64)
            || !int.TryParse(
                text.AsSpan(CostAt, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var cost))
        {
            fault = $"the password hash is none of algorithm '{AlgorithmName}'";
            return null;
        }

        if (cost is >= CostMin and <= CostMax) return new BcryptHash(text);
        fault = $"the password hash has the bcrypt cost {cost}; it has to be {CostMin} to {CostMax}";
        return null;
    }

    public override bool Verify(string password)
    {
        try
        {
            return Bcrypt.Verify(password, Text);
        }
        catch (SaltParseException)
        {
            // What only looks like a hash has no password.
            return false;
        }
    }
}
