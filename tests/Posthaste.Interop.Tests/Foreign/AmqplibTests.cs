using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>amqplib of npm, at the version that its lock file pins.</summary>
public sealed class AmqplibRun(BrokerFixture broker) : ScriptRun(broker)
{
    private readonly NodePackage _package = new("amqplib");

    private protected override Task<string?> PrepareAsync() => _package.PrepareAsync();

    private protected override Task<CommandResult> RunAsync(string host, int port) =>
        _package.RunAsync("checks.js", host, $"{port}");
}

public sealed class AmqplibTests(AmqplibRun run) : IClassFixture<AmqplibRun>
{
    public static TheoryData<string> Checks => ScriptRun.NamesIn("amqplib/checks", "*.js");

    [Theory]
    [MemberData(nameof(Checks))]
    public void Amqplib(string check) => run.Report(check);
}
