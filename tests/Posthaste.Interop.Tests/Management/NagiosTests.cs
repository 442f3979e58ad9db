using Posthaste.Interop.Tests.Foreign;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Management;

/// <summary>The checks of a RabbitMQ that Debian has for Nagios, unchanged.</summary>
public sealed class NagiosTests(BrokerFixture broker) : BrokerTest(broker)
{
    private readonly BrokerFixture _broker = broker;

    [BrokerFact]
    public async Task A_broker_is_well()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two");
        await WaitForCountAsync(queue, 2);
        await CheckAsync("aliveness", "--vhost", "/");
        await CheckAsync("overview");
        await CheckAsync("objects");
        await CheckAsync("connections");
        await CheckAsync("queue", "--queue", queue, "--vhost", "/");
    }

    private async Task CheckAsync(string check, params string[] arguments)
    {
        (string host, int port) = _broker.EndPointOf("http");
        CommandResult? result = await Command.TryRunAsync(
            $"check_rabbitmq_{check}", ["--host", host, "--port", $"{port}", .. arguments]);
        Assert.SkipWhen(result is null, "nagios-plugins-rabbitmq is not installed.");
        Assert.True(result!.ExitCode == 0, $"{check}: {result.Output}{result.Errors}");
        Assert.StartsWith(
            $"RABBITMQ_{check.ToUpperInvariant()} OK", result.Output, StringComparison.OrdinalIgnoreCase);
    }
}
