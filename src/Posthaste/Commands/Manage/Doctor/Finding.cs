namespace Posthaste.Commands.Manage.Doctor;

/// <summary>How a check came out.</summary>
internal enum Verdict
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, and will not always; or could not be looked at.</summary>
    Doubtful,

    /// <summary>Needs a change.</summary>
    Bad,
}

/// <summary>What a check found.</summary>
/// <param name="Check">What was looked at, in a word or two.</param>
/// <param name="Verdict">How it came out.</param>
/// <param name="Fact">What is.</param>
/// <param name="Advice">What to change; null where all is well.</param>
internal sealed record Finding(string Check, Verdict Verdict, string Fact, string? Advice = null)
{
    /// <summary>Bad if a condition holds, good otherwise.</summary>
    public static Finding BadIf(bool isBad, string check, string fact, string advice) =>
        isBad ? new(check, Verdict.Bad, fact, advice) : new(check, Verdict.Good, fact);

    /// <summary>Doubtful if a condition holds, good otherwise.</summary>
    public static Finding DoubtfulIf(bool isDoubtful, string check, string fact, string advice) =>
        isDoubtful ? new(check, Verdict.Doubtful, fact, advice) : new(check, Verdict.Good, fact);
}
