using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Posthaste.Interop.Tests.Foreign;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.AnyToAny;

/// <summary>A peer that is a Python process; its lines are described in <c>clients/anytoany/peer.py</c>.</summary>
internal sealed class ScriptPeer : IPeer
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly Process _process;
    private readonly Channel<AnyMessage> _messages = Channel.CreateUnbounded<AnyMessage>();
    private readonly Channel<string> _done = Channel.CreateUnbounded<string>();
    private readonly Task _reading;
    private readonly Task<string> _errors;

    private ScriptPeer(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    /// <summary>Starts paho; skips the test where it, or the listener, is missing.</summary>
    /// <param name="broker">The broker that it connects to.</param>
    /// <param name="script">Which version it speaks: <c>mqtt</c> or <c>mqtt311</c>.</param>
    public static Task<ScriptPeer> MqttAsync(BrokerFixture broker, string script = "mqtt") =>
        StartAsync(broker, "mqtt", script, new PythonModule("paho.mqtt.client", "python3-paho-mqtt"));

    /// <summary>Starts stomp.py; skips the test where it, or the listener, is missing.</summary>
    public static Task<ScriptPeer> StompAsync(BrokerFixture broker) =>
        StartAsync(broker, "stomp", "stomp", new PythonModule("stomp", "python3-stomp"));

    public Task SubscribeAsync(string key) => DoAsync("subscribe", new AnyMessage { Key = key });

    public Task PublishAsync(AnyMessage message) => DoAsync("publish", message);

    public Task RespondAsync(string key) => DoAsync("respond", new AnyMessage { Key = key });

    public Task RequestAsync(AnyMessage request) => DoAsync("request", request);

    public Task<AnyMessage> ReceiveAsync() => NextAsync(_messages, "a message");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Wait.Deadline);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _reading;
        _process.Dispose();
    }

    private static async Task<ScriptPeer> StartAsync(
        BrokerFixture broker, string protocol, string script, PythonModule module)
    {
        (string host, int port) = broker.EndPointOf(protocol);
        if (await module.PrepareAsync() is { } missing)
            Assert.Skip(missing);
        string directory = Path.Combine(AppContext.BaseDirectory, "clients", "anytoany");
        return new ScriptPeer(
            module.Start(directory, $"{script}_peer.py", host, $"{port}", $"peer-{Guid.NewGuid():N}"));
    }

    private async Task DoAsync(string what, AnyMessage message)
    {
        JsonObject command = JsonSerializer.SerializeToNode(message, Options)!.AsObject();
        command["do"] = what;
        await _process.StandardInput.WriteLineAsync(command.ToJsonString());
        await _process.StandardInput.FlushAsync();
        Assert.Equal(what, await NextAsync(_done, what));
    }

    private async Task<T> NextAsync<T>(Channel<T> channel, string what)
    {
        try
        {
            return await Wait.ForAsync(what, channel.Reader.ReadAsync().AsTask());
        }
        catch (ChannelClosedException)
        {
            Assert.Fail($"The peer ended while it was to bring {what}: {await _errors}");
            throw;
        }
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            JsonNode said = JsonNode.Parse(line)!;
            if (said["got"] is { } got)
                _messages.Writer.TryWrite(got.Deserialize<AnyMessage>(Options)!);
            else
                _done.Writer.TryWrite(said["did"]?.GetValue<string>() ?? line);
        }

        _messages.Writer.TryComplete();
        _done.Writer.TryComplete();
    }
}
