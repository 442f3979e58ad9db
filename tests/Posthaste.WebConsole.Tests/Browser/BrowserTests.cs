using Posthaste.Interop.Tests.Foreign;

namespace Posthaste.WebConsole.Tests.Browser;

/// <summary>
/// One run of the checks in a real Chromium, driven by Playwright at the version that the lock file pins, against a
/// broker in this process.
/// </summary>
public sealed class BrowserRun : IAsyncLifetime
{
    /// <summary>What Chromium is called by the systems that have it.</summary>
    private static readonly string[] Browsers = ["chromium", "chromium-browser", "google-chrome"];

    private readonly NodePackage _package = new("browser");
    private CheckReport? _report;

    public async ValueTask InitializeAsync()
    {
        var browser = await FindBrowserAsync();
        var missing = browser is null
            ? "Chromium is not installed (Debian: apt-get install chromium)."
            : await _package.PrepareAsync();
        CommandResult? result = null;
        if (missing is null)
        {
            await using var broker = await ConsoleBroker.StartAsync();
            result = await _package.RunAsync("checks.js", broker.Url, browser!);
        }

        _report = new CheckReport(missing, result);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal void Report(string check) => _report!.Assert(check);

    private static async Task<string?> FindBrowserAsync()
    {
        foreach (var name in Browsers)
        {
            if (await Command.ExistsAsync(name, "--version")) return name;
        }

        return null;
    }
}

public sealed class BrowserTests(BrowserRun run) : IClassFixture<BrowserRun>
{
    public static TheoryData<string> Checks => CheckReport.NamesIn("browser/checks", "*.js");

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}
