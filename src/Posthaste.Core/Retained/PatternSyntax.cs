namespace Posthaste.Core.Retained;

/// <summary>
/// How a pattern of words is written, since what is a wildcard to one protocol may be a word to another.
/// </summary>
/// <param name="Separator">Between words, in patterns and in keys.</param>
/// <param name="One">A word that stands for exactly one word, also an empty one.</param>
/// <param name="Rest">A last word that stands for any number of words, none included.</param>
/// <param name="Hidden">Keys that begin with this byte are not matched by a pattern that begins with a wildcard; null
/// when there are none.</param>
public readonly record struct PatternSyntax(byte Separator, byte One, byte Rest, byte? Hidden)
{
    /// <summary>
    /// MQTT's filters with `/` and `.` swapped, as its topics are in routing keys: `+`, `#`, and topics of the server
    /// behind `$`.
    /// </summary>
    public static PatternSyntax Mqtt { get; } = new((byte)'.', (byte)'+', (byte)'#', (byte)'$');

    internal bool IsOne(ReadOnlySpan<byte> word) => word.Length == 1 && word[0] == One;

    internal bool IsRest(ReadOnlySpan<byte> word) => word.Length == 1 && word[0] == Rest;
}
