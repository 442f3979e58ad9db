using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>pika of whichever Python has it: the one on the path, else the system's.</summary>
public sealed class PikaRun(BrokerFixture broker) : ScriptRun(broker)
{
    private string _python = "";

    private protected override async Task<string?> PrepareAsync()
    {
        foreach (string python in (string[])["python3", "/usr/bin/python3"])
        {
            if (!await Command.ExistsAsync(python, "-c", "import pika"))
                continue;
            _python = python;
            return null;
        }
        return "No Python with pika is installed (Debian: python3-pika).";
    }

    private protected override Task<CommandResult> RunAsync(string host, int port) =>
        Command.RunAsync(_python, [Path.Combine(Clients, "pika", "checks.py"), host, $"{port}"], [], Clients);
}

public sealed class PikaTests(PikaRun run) : IClassFixture<PikaRun>
{
    public static TheoryData<string> Checks => ScriptRun.NamesIn("pika", "*.py");

    [Theory]
    [MemberData(nameof(Checks))]
    public void Pika(string check) => run.Report(check);
}
