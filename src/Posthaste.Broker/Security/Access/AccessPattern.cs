using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Posthaste.Broker.Security.Access;

/// <summary>
/// A regular expression over names, as permissions and policies have it: it has to match somewhere in the name unless
/// it is anchored, and the empty one matches nothing (as in RabbitMQ). Immutable, any thread.
/// </summary>
public sealed class AccessPattern
{
    /// <summary>Characters of a pattern at most.</summary>
    public const int LengthMax = 1_024;

    /// <summary>
    /// Time for one match of an expression that needs backtracking. Names have 255 bytes at most; a pattern that needs
    /// longer is one that explodes, and then nothing matches it.
    /// </summary>
    private static readonly TimeSpan MatchTimeMax = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Times that a match is tried which takes too long: once may be the machine's fault, and what is refused by
    /// mistake would be remembered.
    /// </summary>
    private const int TriesMax = 3;

    /// <summary>Matches nothing.</summary>
    public static readonly AccessPattern None = new("", null);

    private readonly Regex? _regex;

    private AccessPattern(string text, Regex? regex)
    {
        Text = text;
        _regex = regex;
    }

    /// <summary>The pattern as it was given.</summary>
    public string Text { get; }

    /// <param name="text">The expression.</param>
    /// <param name="pattern">What was parsed.</param>
    /// <param name="fault">What is wrong with it, for people.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out AccessPattern? pattern, out string fault)
    {
        pattern = null;
        fault = "";
        if (text.Length > LengthMax)
        {
            fault = $"the pattern is longer than {LengthMax} characters";
            return false;
        }

        try
        {
            pattern = text.Length == 0 ? None : new AccessPattern(text, Compile(text));
            return true;
        }
        catch (ArgumentException e)
        {
            fault = $"'{text}' is no regular expression: {e.Message}";
            return false;
        }
    }

    public bool Matches(string name)
    {
        // What nearly everybody has: all or nothing.
        if (_regex is null) return false;
        if (Text == ".*") return true;
        for (var tries = 0; tries < TriesMax; tries++)
        {
            try
            {
                return _regex.IsMatch(name);
            }
            catch (RegexMatchTimeoutException)
            {
                // Tried again, or nothing matches it.
            }
        }

        return false;
    }

    /// <summary>
    /// Linear time where the expression allows it, so that no clock has to be asked; look-arounds (`^(?!amq\.)`, which
    /// many have) need backtracking, and that is what the time limit is for.
    /// </summary>
    private static Regex Compile(string text)
    {
        const RegexOptions common = RegexOptions.CultureInvariant;
        try
        {
            return new Regex(text, common | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException)
        {
            return new Regex(text, common, MatchTimeMax);
        }
    }
}
