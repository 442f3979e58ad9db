using System.Diagnostics.CodeAnalysis;

namespace Posthaste.Broker.Security.Remote;

/// <summary>What a service said.</summary>
/// <param name="Tags">Of a user who is allowed.</param>
/// <param name="Reason">Of a refusal, for the log; empty for none.</param>
internal sealed record Answer(bool IsAllowed, IReadOnlyList<string> Tags, string Reason)
{
    private const string Allow = "allow";
    private const string Deny = "deny";

    /// <summary>`allow [TAG …]` or `deny [REASON]`, in any case of the letters.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Answer? answer)
    {
        var end = text.IndexOf(' ', StringComparison.Ordinal);
        var (word, rest) = end < 0 ? (text, "") : (text[..end], text[(end + 1)..].Trim());
        answer = null;
        if (word.Equals(Allow, StringComparison.OrdinalIgnoreCase))
            answer = new Answer(true, rest.ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries), "");
        else if (word.Equals(Deny, StringComparison.OrdinalIgnoreCase))
            answer = new Answer(false, [], rest);
        return answer is not null;
    }
}
