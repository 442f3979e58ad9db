using Posthaste.Interop.Tests.Foreign;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Mqtt;

/// <summary>MQTT.js of npm, at the version that its lock file pins.</summary>
public sealed class MqttJsRun(BrokerFixture broker) : ScriptRun(broker)
{
    private readonly NodePackage _package = new("mqttjs");

    private protected override string Listener => "mqtt";

    private protected override Task<string?> PrepareAsync() => _package.PrepareAsync();

    private protected override Task<CommandResult> RunAsync(string host, int port) =>
        _package.RunAsync("checks.js", host, $"{port}");
}

public sealed class MqttJsTests(MqttJsRun run) : IClassFixture<MqttJsRun>
{
    public static TheoryData<string> Checks => ScriptRun.NamesIn("mqttjs", "checks.js");

    [Theory]
    [MemberData(nameof(Checks))]
    public void MqttJs(string check) => run.Report(check);
}
