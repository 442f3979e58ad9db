using Posthaste.Interop.Tests.Foreign;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Stomp;

/// <summary>stompjs of npm, at the version that its lock file pins, over TCP.</summary>
public class StompJsRun(BrokerFixture broker) : ScriptRun(broker)
{
    private readonly NodePackage _package = new("stompjs");

    private protected override string Listener => "stomp";

    private protected virtual string Transport => "tcp";

    private protected override Task<string?> PrepareAsync() => _package.PrepareAsync();

    private protected override Task<CommandResult> RunAsync(string host, int port) =>
        _package.RunAsync("checks.js", host, $"{port}", Transport);
}

/// <summary>The same over WebSocket, as a browser does it.</summary>
public sealed class StompJsWebSocketRun(BrokerFixture broker) : StompJsRun(broker)
{
    private protected override string Listener => "stomp-ws";

    private protected override string Transport => "ws";
}

public sealed class StompJsTests(StompJsRun run) : IClassFixture<StompJsRun>
{
    public static TheoryData<string> Checks => ScriptRun.NamesIn("stompjs/checks", "*.js");

    [Theory]
    [MemberData(nameof(Checks))]
    public void Stompjs(string check) => run.Report(check);
}

public sealed class StompJsWebSocketTests(StompJsWebSocketRun run) : IClassFixture<StompJsWebSocketRun>
{
    public static TheoryData<string> Checks => ScriptRun.NamesIn("stompjs/checks", "*.js");

    [Theory]
    [MemberData(nameof(Checks))]
    public void Stompjs_over_web_socket(string check) => run.Report(check);
}
