using System.Text.RegularExpressions;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>
/// One run of a client's script of named checks. The script prints `ok NAME` or `not ok NAME: reason` for each; every
/// check is a test of its own, and all of them share one run of the script.
/// </summary>
public abstract partial class ScriptRun(BrokerFixture broker) : IAsyncLifetime
{
    private string[] _lines = [];
    private string? _missing;
    private string _errors = "";

    /// <summary>The script's directory in the build output.</summary>
    private protected static string Clients => Path.Combine(AppContext.BaseDirectory, "clients");

    /// <summary>The listener that the script's host and port are of.</summary>
    private protected virtual string Listener => "amqp";

    public async ValueTask InitializeAsync()
    {
        _missing = broker.WhyNot(Listener) ?? await PrepareAsync();
        if (_missing is not null)
            return;
        (string host, int port) = broker.EndPointOf(Listener);
        CommandResult result = await RunAsync(host, port);
        _lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        _errors = $"exit code {result.ExitCode}\n{result.Errors}";
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>The names of the checks, read from the source so that each is known before it runs.</summary>
    internal static TheoryData<string> NamesIn(string folder, string pattern)
    {
        IEnumerable<string> sources = Directory.GetFiles(Path.Combine(Clients, folder), pattern).Order();
        return [.. sources.SelectMany(source => CheckNames().Matches(File.ReadAllText(source)))
            .Select(match => match.Groups["name"].Value)];
    }

    /// <summary>Passes, fails or skips as the script reported the check.</summary>
    internal void Report(string name)
    {
        if (_missing is not null)
            Assert.Skip(_missing);
        string? line = _lines.FirstOrDefault(line => line == $"ok {name}" || line.StartsWith($"not ok {name}: ",
            StringComparison.Ordinal));
        Assert.True(line is not null, $"The script ended before this check: {_errors}");
        Assert.True(line.StartsWith("ok ", StringComparison.Ordinal), line);
    }

    /// <summary>Makes the client ready; what is missing, in words, where that is not possible.</summary>
    private protected abstract Task<string?> PrepareAsync();

    private protected abstract Task<CommandResult> RunAsync(string host, int port);

    [GeneratedRegex("""^@?check\((['"])(?<name>.+?)\1""", RegexOptions.Multiline)]
    private static partial Regex CheckNames();
}
