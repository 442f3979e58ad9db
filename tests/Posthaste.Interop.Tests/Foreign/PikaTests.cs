using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>pika of whichever Python has it: the one on the path, else the system's.</summary>
public sealed class PikaRun(BrokerFixture broker) : ScriptRun(broker)
{
    private readonly PythonModule _pika = new("pika", "python3-pika");

    private protected override Task<string?> PrepareAsync() => _pika.PrepareAsync();

    private protected override Task<CommandResult> RunAsync(string host, int port) =>
        _pika.RunAsync(Clients, Path.Combine("pika", "checks.py"), host, $"{port}");
}

public sealed class PikaTests(PikaRun run) : IClassFixture<PikaRun>
{
    public static TheoryData<string> Checks => ScriptRun.NamesIn("pika", "*.py");

    [Theory]
    [MemberData(nameof(Checks))]
    public void Pika(string check) => run.Report(check);
}
