using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>amqplib of npm, at the version that its lock file pins.</summary>
public sealed class AmqplibRun(BrokerFixture broker) : ScriptRun(broker)
{
    private static readonly string Directory = Path.Combine(Clients, "amqplib");

    private protected override async Task<string?> PrepareAsync()
    {
        if (!await Command.ExistsAsync("node", "--version"))
            return "Node.js is not installed.";
        if (File.Exists(Path.Combine(Directory, "node_modules", ".package-lock.json")))
            return null;
        if (!await Command.ExistsAsync("npm", "--version"))
            return "npm is not installed.";
        CommandResult install = await Command.RunAsync("npm", ["ci"], [], Directory);
        return install.ExitCode == 0 ? null : $"npm could not install amqplib: {install.Errors}";
    }

    private protected override Task<CommandResult> RunAsync(string host, int port) =>
        Command.RunAsync("node", ["checks.js", host, $"{port}"], [], Directory);
}

public sealed class AmqplibTests(AmqplibRun run) : IClassFixture<AmqplibRun>
{
    public static TheoryData<string> Checks => ScriptRun.NamesIn("amqplib/checks", "*.js");

    [Theory]
    [MemberData(nameof(Checks))]
    public void Amqplib(string check) => run.Report(check);
}
