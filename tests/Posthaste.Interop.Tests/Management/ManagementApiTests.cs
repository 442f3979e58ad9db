using Posthaste.Interop.Tests.Foreign;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Management;

/// <summary>
/// rabbitmq-stats, a client of RabbitMQ's management API, and a validator of OpenAPI, both of npm, at the versions that
/// the lock file pins.
/// </summary>
public sealed class ManagementApiRun(BrokerFixture broker) : ScriptRun(broker)
{
    private readonly NodePackage _package = new("management-api");

    private protected override string Listener => "http";

    private protected override Task<string?> PrepareAsync() => _package.PrepareAsync();

    private protected override Task<CommandResult> RunAsync(string host, int port) =>
        _package.RunAsync("checks.js", host, $"{port}");
}

public sealed class ManagementApiTests(ManagementApiRun run) : IClassFixture<ManagementApiRun>
{
    public static TheoryData<string> Checks => ScriptRun.NamesIn("management-api/checks", "*.js");

    [Theory]
    [MemberData(nameof(Checks))]
    public void Management_api(string check) => run.Report(check);
}
