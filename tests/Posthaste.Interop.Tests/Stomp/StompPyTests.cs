using Posthaste.Interop.Tests.Foreign;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Stomp;

/// <summary>stomp.py of whichever Python has it: the one on the path, else the system's.</summary>
public sealed class StompPyRun(BrokerFixture broker) : ScriptRun(broker)
{
    private readonly PythonModule _stomp = new("stomp", "python3-stomp");

    private protected override string Listener => "stomp";

    private protected override Task<string?> PrepareAsync() => _stomp.PrepareAsync();

    private protected override Task<CommandResult> RunAsync(string host, int port) =>
        _stomp.RunAsync(Clients, Path.Combine("stomppy", "checks.py"), host, $"{port}");
}

public sealed class StompPyTests(StompPyRun run) : IClassFixture<StompPyRun>
{
    public static TheoryData<string> Checks => ScriptRun.NamesIn("stomppy", "*.py");

    [Theory]
    [MemberData(nameof(Checks))]
    public void Stomp_py(string check) => run.Report(check);
}
