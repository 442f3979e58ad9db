using System.Text.RegularExpressions;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>
/// What a script of named checks has printed: `ok NAME` or `not ok NAME: reason` for each. Every check is a test of its
/// own.
/// </summary>
/// <param name="missing">What the script could not run without, in words; null when it ran.</param>
/// <param name="result">How it ended; null when it did not run.</param>
internal sealed partial class CheckReport(string? missing, CommandResult? result)
{
    private readonly string[] _lines = result?.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>The scripts' directory in the build output.</summary>
    public static string Clients => Path.Combine(AppContext.BaseDirectory, "clients");

    /// <summary>The names of the checks, read from the source so that each is known before it runs.</summary>
    public static TheoryData<string> NamesIn(string folder, string pattern)
    {
        IEnumerable<string> sources = Directory.GetFiles(Path.Combine(Clients, folder), pattern).Order();
        return [.. sources.SelectMany(source => CheckNames().Matches(File.ReadAllText(source)))
            .Select(match => match.Groups["name"].Value)];
    }

    /// <summary>Passes, fails or skips as the script reported the check.</summary>
    public void Assert(string name)
    {
        if (missing is not null)
            Xunit.Assert.Skip(missing);
        string? line = _lines.FirstOrDefault(line => line == $"ok {name}" || line.StartsWith($"not ok {name}: ",
            StringComparison.Ordinal));
        Xunit.Assert.True(
            line is not null,
            $"The script ended before this check: exit code {result?.ExitCode}\n{result?.Errors}");
        Xunit.Assert.True(line.StartsWith("ok ", StringComparison.Ordinal), line);
    }

    [GeneratedRegex("""^@?check\((['"])(?<name>.+?)\1""", RegexOptions.Multiline)]
    private static partial Regex CheckNames();
}
