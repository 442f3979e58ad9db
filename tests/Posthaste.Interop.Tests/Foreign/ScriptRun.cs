using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>
/// One run of a client's script of named checks against the broker under test; all of the checks share it.
/// </summary>
public abstract class ScriptRun(BrokerFixture broker) : IAsyncLifetime
{
    private CheckReport? _report;

    /// <summary>The script's directory in the build output.</summary>
    private protected static string Clients => CheckReport.Clients;

    /// <summary>The listener that the script's host and port are of.</summary>
    private protected virtual string Listener => "amqp";

    public async ValueTask InitializeAsync()
    {
        string? missing = broker.WhyNot(Listener) ?? await PrepareAsync();
        CommandResult? result = null;
        if (missing is null)
        {
            (string host, int port) = broker.EndPointOf(Listener);
            result = await RunAsync(host, port);
        }
        _report = new CheckReport(missing, result);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>The names of the checks, read from the source so that each is known before it runs.</summary>
    internal static TheoryData<string> NamesIn(string folder, string pattern) => CheckReport.NamesIn(folder, pattern);

    /// <summary>Passes, fails or skips as the script reported the check.</summary>
    internal void Report(string name) => _report!.Assert(name);

    /// <summary>Makes the client ready; what is missing, in words, where that is not possible.</summary>
    private protected abstract Task<string?> PrepareAsync();

    private protected abstract Task<CommandResult> RunAsync(string host, int port);
}
