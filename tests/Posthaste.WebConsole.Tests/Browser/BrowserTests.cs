using System.Net;
using Posthaste.Interop.Tests.Foreign;

namespace Posthaste.WebConsole.Tests.Browser;

/// <summary>A script in a real Chromium, driven by Playwright at the version that the lock file pins.</summary>
internal static class BrowserScript
{
    /// <summary>What Chromium is called by the systems that have it.</summary>
    private static readonly string[] Browsers = ["chromium", "chromium-browser", "google-chrome"];

    private static readonly NodePackage Package = new("browser");

    /// <summary>Runs it against a broker in this process that has something to do.</summary>
    /// <param name="script">Of the folder `clients/browser`.</param>
    /// <param name="arguments">Behind the address and the browser.</param>
    /// <returns>What it could not run without, or how it ended.</returns>
    public static Task<(string? Missing, CommandResult? Result)> RunAsync(string script, params string[] arguments) =>
        RunAsync(
            script, arguments, static async broker => await Traffic.StartAsync(broker.AmqpUri));

    /// <param name="script">Of the folder `clients/browser`.</param>
    /// <param name="arguments">Behind the address and the browser.</param>
    /// <param name="start">Who is connected meanwhile.</param>
    public static async Task<(string? Missing, CommandResult? Result)> RunAsync(
        string script, string[] arguments, Func<ConsoleBroker, Task<IAsyncDisposable>> start)
    {
        if (await FindBrowserAsync() is not { } browser)
            return ("Chromium is not installed (Debian: apt-get install chromium).", null);
        if (await Package.PrepareAsync() is { } missing) return (missing, null);
        await using var broker = await ConsoleBroker.StartAsync();
        await using var clients = await start(broker);
        return (null, await Package.RunAsync([script, broker.Url, browser, .. arguments]));
    }

    private static async Task<string?> FindBrowserAsync()
    {
        foreach (var name in Browsers)
        {
            if (await Command.ExistsAsync(name, "--version")) return name;
        }

        return null;
    }
}

/// <summary>The checks of one file, and one run of them that all share.</summary>
public abstract class BrowserRun(string file) : IAsyncLifetime
{
    private CheckReport? _report;

    public async ValueTask InitializeAsync()
    {
        var (missing, result) = await BrowserScript.RunAsync("checks.js", [file], StartAsync);
        _report = new CheckReport(missing, result);
    }

    /// <summary>Who is connected meanwhile.</summary>
    private protected virtual async Task<IAsyncDisposable> StartAsync(ConsoleBroker broker) =>
        await Traffic.StartAsync(broker.AmqpUri);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    internal static TheoryData<string> NamesIn(string file) => CheckReport.NamesIn("browser/checks", file);

    internal void Report(string check) => _report!.Assert(check);
}

public sealed class AccessibilityRun() : BrowserRun(File)
{
    internal const string File = "accessibility.js";
}

[Collection("Chromium")]
public sealed class AccessibilityTests(AccessibilityRun run) : IClassFixture<AccessibilityRun>
{
    public static TheoryData<string> Checks => BrowserRun.NamesIn(AccessibilityRun.File);

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}

public sealed class AdministrationRun() : BrowserRun(File)
{
    internal const string File = "administration.js";
}

[Collection("Chromium")]
public sealed class AdministrationTests(AdministrationRun run) : IClassFixture<AdministrationRun>
{
    public static TheoryData<string> Checks => BrowserRun.NamesIn(AdministrationRun.File);

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}

public sealed class ClientRun() : BrowserRun(File)
{
    internal const string File = "clients.js";
}

[Collection("Chromium")]
public sealed class ClientTests(ClientRun run) : IClassFixture<ClientRun>
{
    public static TheoryData<string> Checks => BrowserRun.NamesIn(ClientRun.File);

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}

public sealed class ExchangeRun() : BrowserRun(File)
{
    internal const string File = "exchanges.js";
}

[Collection("Chromium")]
public sealed class ExchangeTests(ExchangeRun run) : IClassFixture<ExchangeRun>
{
    public static TheoryData<string> Checks => BrowserRun.NamesIn(ExchangeRun.File);

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}

public sealed class MessageRun() : BrowserRun(File)
{
    internal const string File = "messages.js";
}

[Collection("Chromium")]
public sealed class MessageTests(MessageRun run) : IClassFixture<MessageRun>
{
    public static TheoryData<string> Checks => BrowserRun.NamesIn(MessageRun.File);

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}

public sealed class MovingRun() : BrowserRun(File)
{
    internal const string File = "moving.js";
}

[Collection("Chromium")]
public sealed class MovingTests(MovingRun run) : IClassFixture<MovingRun>
{
    public static TheoryData<string> Checks => BrowserRun.NamesIn(MovingRun.File);

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}

public sealed class OperationRun() : BrowserRun(File)
{
    internal const string File = "operations.js";
}

[Collection("Chromium")]
public sealed class OperationTests(OperationRun run) : IClassFixture<OperationRun>
{
    public static TheoryData<string> Checks => BrowserRun.NamesIn(OperationRun.File);

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}

public sealed class QueueRun() : BrowserRun(File)
{
    internal const string File = "queues.js";
}

[Collection("Chromium")]
public sealed class QueueTests(QueueRun run) : IClassFixture<QueueRun>
{
    public static TheoryData<string> Checks => BrowserRun.NamesIn(QueueRun.File);

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}

public sealed class LogInRun() : BrowserRun(File)
{
    internal const string File = "session.js";
}

[Collection("Chromium")]
public sealed class LogInTests(LogInRun run) : IClassFixture<LogInRun>
{
    public static TheoryData<string> Checks => BrowserRun.NamesIn(LogInRun.File);

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}

public sealed class CrowdRun() : BrowserRun(File)
{
    internal const string File = "crowd.js";

    private protected override async Task<IAsyncDisposable> StartAsync(ConsoleBroker broker)
    {
        await broker.ApiAsync(HttpMethod.Put, $"queues/%2F/{Crowd.Queue}", "{}");
        return await Crowd.ConnectAsync(new IPEndPoint(IPAddress.Loopback, broker.AmqpUri.Port));
    }
}

[Collection("Chromium")]
public sealed class CrowdTests(CrowdRun run) : IClassFixture<CrowdRun>
{
    public static TheoryData<string> Checks => BrowserRun.NamesIn(CrowdRun.File);

    [Theory]
    [MemberData(nameof(Checks))]
    public void In_Chromium(string check) => run.Report(check);
}
