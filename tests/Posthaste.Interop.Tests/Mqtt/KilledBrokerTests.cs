using System.Diagnostics;
using Posthaste.Interop.Tests.Foreign;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Testing;

namespace Posthaste.Interop.Tests.Mqtt;

/// <summary>A broker that is killed under paho clients: each test owns the broker that it ends.</summary>
public sealed class KilledBrokerTests(BrokerFixture broker)
{
    /// <summary>Starts of the broker, which on a busy machine take most of the time.</summary>
    private const int TimeLimitMs = 240_000;

    private const int Kills = 3;

    [Theory(Timeout = TimeLimitMs)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_was_published_arrives_with_QoS_2_exactly_once_and_with_QoS_1_at_least_once(int qos)
    {
        broker.SkipUnlessOwned();
        var paho = new PythonModule("paho.mqtt.client", "python3-paho-mqtt");
        if (await paho.PrepareAsync() is { } missing)
            Assert.Skip(missing);
        await using var process = BrokerProcess.InTemporaryDirectory();
        var port = process.PortOf("mqtt");
        await process.StartAsync();
        var clients = Path.Combine(AppContext.BaseDirectory, "clients");
        using var flow = paho.Start(
            clients, Path.Combine("paho", "killed.py"), "127.0.0.1", $"{port}", $"{qos}");
        try
        {
            for (var kill = 0; kill < Kills; kill++)
            {
                // The script says so when some more have arrived: it is in the middle of things.
                await ExpectAsync("progress", flow, process);
                await process.KillAsync();
                await process.StartAsync();
            }

            await flow.StandardInput.WriteLineAsync("finish");
            await ExpectAsync("ok", flow, process);
        }
        finally
        {
            flow.Kill();
            await flow.WaitForExitAsync();
        }
    }

    /// <summary>The next line is this one; any number of others tell of progress before.</summary>
    private static async Task ExpectAsync(string expected, Process flow, BrokerProcess process)
    {
        var line = await flow.StandardOutput.ReadLineAsync();
        while (line == "progress" && expected != line)
            line = await flow.StandardOutput.ReadLineAsync();
        if (line is null)
            Assert.Fail($"The script ended: {await flow.StandardError.ReadToEndAsync()}\n{process.Log}");
        Assert.True(line == expected, $"{line}\n{process.Log}");
    }
}
