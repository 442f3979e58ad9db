using Posthaste.Interop.Tests.Foreign;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Mqtt;

/// <summary>paho of whichever Python has it: the one on the path, else the system's.</summary>
public sealed class PahoRun(BrokerFixture broker) : ScriptRun(broker)
{
    private readonly PythonModule _paho = new("paho.mqtt.client", "python3-paho-mqtt");

    private protected override string Listener => "mqtt";

    private protected override Task<string?> PrepareAsync() => _paho.PrepareAsync();

    private protected override Task<CommandResult> RunAsync(string host, int port) =>
        _paho.RunAsync(Clients, Path.Combine("paho", "checks.py"), host, $"{port}");
}

public sealed class PahoTests(PahoRun run) : IClassFixture<PahoRun>
{
    public static TheoryData<string> Checks => ScriptRun.NamesIn("paho", "checks.py");

    [Theory]
    [MemberData(nameof(Checks))]
    public void Paho(string check) => run.Report(check);
}
