using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>Unchanged clients that log in with an access token as their password.</summary>
public sealed class TokenTests : IAsyncLifetime
{
    private const string PahoScript = """
        import sys, threading
        import paho.mqtt.client as mqtt
        port, token = int(sys.argv[1]), sys.argv[2]
        client = mqtt.Client(client_id="token")
        client.username_pw_set("anybody", token)
        heard = threading.Event()
        def on_connect(c, data, flags, rc, *rest):
            if rc != 0:
                print("refused", rc)
                heard.set()
            else:
                c.subscribe("tokens/t", 1)
        client.on_connect = on_connect
        client.on_subscribe = lambda c, *rest: c.publish("tokens/t", "by token", 1)
        def on_message(c, data, message):
            print(message.payload.decode())
            heard.set()
        client.on_message = on_message
        client.connect("127.0.0.1", port)
        client.loop_start()
        sys.exit(0 if heard.wait(20) else 1)
        """;

    private const string StompScript = """
        import sys, threading
        import stomp
        port, token = int(sys.argv[1]), sys.argv[2]
        connection = stomp.Connection12([("127.0.0.1", port)], vhost="/")
        heard = threading.Event()
        class Listener(stomp.ConnectionListener):
            def on_message(self, frame):
                print(frame.body)
                heard.set()
        connection.set_listener("", Listener())
        try:
            connection.connect("anybody", token, wait=True)
        except stomp.exception.ConnectFailedException:
            print("refused")
            sys.exit(0)
        connection.subscribe("/queue/tokens", 1)
        connection.send("/queue/tokens", "by token")
        sys.exit(0 if heard.wait(20) else 1)
        """;

    private readonly TokenIssuer _issuer = new();
    private BrokerProcess _broker = null!;

    private static string Folder => AppContext.BaseDirectory;

    public async ValueTask InitializeAsync()
    {
        _broker = new BrokerProcess(
            null, "--set", $"OAuth:Keys={_issuer.KeyFile}", "--set", $"OAuth:ResourceServerId={TokenIssuer.Audience}",
            "--set", $"OAuth:Issuer={TokenIssuer.Name}");
        foreach (string listener in (string[])["amqp", "mqtt", "stomp"])
            _broker.PortOf(listener);
        await _broker.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _broker.DisposeAsync();
        _issuer.Dispose();
    }

    [BrokerFact]
    public async Task RabbitMq_client_has_what_the_scopes_allow()
    {
        await using IConnection connection = await ConnectAsync(Token(
            "configure:%2F/mine*", "write:%2F/amq.default", "read:%2F/mine*"));
        await using IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.QueueDeclareAsync("mine", exclusive: false);
        await channel.BasicPublishAsync("", "mine", "x"u8.ToArray());
        BasicGetResult? got = await channel.BasicGetAsync("mine", autoAck: true);
        Assert.Equal("x", Encoding.UTF8.GetString(got!.Body.Span));
        OperationInterruptedException refused = await Assert.ThrowsAsync<OperationInterruptedException>(
            () => channel.QueueDeclareAsync("yours"));
        Assert.Equal(
            (403, "ACCESS_REFUSED - configure access to queue 'yours' in vhost '/' refused for user 'ann'"),
            (refused.ShutdownReason!.ReplyCode, refused.ShutdownReason.ReplyText));
    }

    [BrokerFact]
    public async Task RabbitMq_client_renews_its_token_on_the_open_connection()
    {
        await using IConnection connection = await ConnectAsync(Token("read:*/*"));
        await using (IChannel channel = await connection.CreateChannelAsync())
            await Assert.ThrowsAsync<OperationInterruptedException>(() => channel.QueueDeclareAsync("renewed"));
        await connection.UpdateSecretAsync(Token("read:*/*", "configure:*/*"), "the scopes have changed");
        await using (IChannel channel = await connection.CreateChannelAsync())
            await channel.QueueDeclareAsync("renewed");

        var ended = new TaskCompletionSource<ShutdownEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionShutdownAsync += (_, reason) =>
        {
            ended.TrySetResult(reason);
            return Task.CompletedTask;
        };
        await Assert.ThrowsAnyAsync<Exception>(() => connection.UpdateSecretAsync("no token", "a mistake"));
        Assert.Equal(530, (await ended.Task.WaitAsync(Wait.Deadline)).ReplyCode);
    }

    [BrokerFact]
    public async Task RabbitMq_client_is_refused_with_a_token_that_is_over()
    {
        System.Text.Json.Nodes.JsonObject claims = TokenIssuer.Claims(DateTimeOffset.UtcNow, "read:*/*");
        claims["exp"] = DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeSeconds();
        BrokerUnreachableException refused = await Assert.ThrowsAsync<BrokerUnreachableException>(
            () => ConnectAsync(_issuer.Sign(claims)));
        Assert.IsType<AuthenticationFailureException>(refused.InnerException);
    }

    [BrokerFact]
    public async Task Paho_logs_in_with_a_token()
    {
        var paho = new PythonModule("paho.mqtt.client", "python3-paho-mqtt");
        Skip(await paho.PrepareAsync());
        Assert.Equal("by token\n", await SayAsync(paho, PahoScript, "mqtt", Token("configure:*/*", "write:*/*",
            "read:*/*")));
        Assert.StartsWith(
            "refused", await SayAsync(paho, PahoScript, "mqtt", Token("read:*/*")[..^6]), StringComparison.Ordinal);
    }

    [BrokerFact]
    public async Task Stomp_py_logs_in_with_a_token()
    {
        var stomp = new PythonModule("stomp", "python3-stomp");
        Skip(await stomp.PrepareAsync());
        Assert.Equal("by token\n", await SayAsync(stomp, StompScript, "stomp", Token("configure:*/*", "write:*/*",
            "read:*/*")));
        Assert.Equal("refused\n", await SayAsync(stomp, StompScript, "stomp", Token("read:*/*")[..^6]));
    }

    private async Task<string> SayAsync(PythonModule module, string script, string listener, string token)
    {
        CommandResult result = await module.RunAsync(Folder, "-c", script, $"{_broker.PortOf(listener)}", token);
        Assert.True(result.ExitCode == 0, result.Errors);
        return result.Output;
    }

    private string Token(params string[] scopes) =>
        _issuer.Sign(TokenIssuer.Claims(DateTimeOffset.UtcNow, scopes));

    private Task<IConnection> ConnectAsync(string token) => new ConnectionFactory
    {
        HostName = "127.0.0.1",
        Port = _broker.AmqpPort,
        CredentialsProvider = new BasicCredentialsProvider("token", "ignored", token),
        AutomaticRecoveryEnabled = false,
    }.CreateConnectionAsync();

    private static void Skip(string? missing)
    {
        if (missing is not null)
            Assert.Skip(missing);
    }
}
