namespace Posthaste.Interop.Tests.Foreign;

/// <summary>Every client that a suite may need starts here, or is skipped with what is missing.</summary>
public sealed class ForeignClientTests
{
    [Theory]
    [InlineData("amqplib", "require('amqplib').connect")]
    [InlineData("mqttjs", "require('mqtt').connect")]
    [InlineData("management-api", "require('rabbitmq-stats') && require('@apidevtools/swagger-parser')")]
    [InlineData("stompjs", "require('@stomp/stompjs').Client && require('@stomp/tcp-wrapper').TCPWrapper")]
    public async Task A_package_of_npm_is_installed_as_its_lock_file_pins(string folder, string entry)
    {
        var package = new NodePackage(folder);
        Skip(await package.PrepareAsync());
        CommandResult result = await package.RunAsync("-p", $"typeof ({entry})");
        Assert.Equal(("function\n", ""), (result.Output, result.Errors));
    }

    [Theory]
    [InlineData("pika", "python3-pika")]
    [InlineData("paho.mqtt.client", "python3-paho-mqtt")]
    [InlineData("stomp", "python3-stomp")]
    public async Task A_module_of_python_runs(string name, string package)
    {
        var module = new PythonModule(name, package);
        Skip(await module.PrepareAsync());
        CommandResult result = await module.RunAsync("/", "-c", $"import {name}; print('imported')");
        Assert.Equal("imported\n", result.Output);
    }

    [Theory]
    [InlineData("mosquitto_pub")]
    [InlineData("mosquitto_sub")]
    public async Task A_tool_of_mosquitto_runs(string tool)
    {
        // Its exit code is 1 whatever it is asked.
        if (await Command.TryRunAsync(tool, "--version") is { } result)
            Assert.StartsWith($"{tool} version ", result.Output, StringComparison.Ordinal);
        else
            Skip($"{tool} is not installed (Debian: mosquitto-clients).");
    }

    private static void Skip(string? missing)
    {
        if (missing is not null)
            Assert.Skip(missing);
    }
}
