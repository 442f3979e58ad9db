using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Server.Tests.Tls;
using Posthaste.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>Unchanged clients over TLS, which trust one authority, against a broker with its certificate.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private const string PahoScript = """
        import ssl, sys, threading
        import paho.mqtt.client as mqtt
        port, authority = int(sys.argv[1]), sys.argv[2]
        client = mqtt.Client(client_id="tls")
        client.username_pw_set("guest", "guest")
        client.tls_set(ca_certs=authority, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        heard = threading.Event()
        client.on_connect = lambda c, *rest: c.subscribe("tls/t", 1)
        client.on_subscribe = lambda c, *rest: c.publish("tls/t", "over tls", 1)
        def on_message(c, data, message):
            print(message.payload.decode())
            heard.set()
        client.on_message = on_message
        client.connect("localhost", port)
        client.loop_start()
        sys.exit(0 if heard.wait(20) else 1)
        """;

    private const string StompScript = """
        import sys, threading
        import stomp
        port, authority = int(sys.argv[1]), sys.argv[2]
        connection = stomp.Connection12([("localhost", port)], vhost="/")
        connection.set_ssl([("localhost", port)], ca_certs=authority)
        heard = threading.Event()
        class Listener(stomp.ConnectionListener):
            def on_message(self, frame):
                print(frame.body)
                heard.set()
        connection.set_listener("", Listener())
        connection.connect("guest", "guest", wait=True)
        connection.subscribe("/queue/tls", 1)
        connection.send("/queue/tls", "over tls")
        sys.exit(0 if heard.wait(20) else 1)
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("posthaste-tls-").FullName;
    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _stranger = new("Stranger");
    private BrokerProcess _broker = null!;
    private string _authorityFile = "";

    public async ValueTask InitializeAsync()
    {
        _authorityFile = _authority.Write(_folder);
        (string cert, string key) = TestAuthority.Write(_folder, "server", _authority.Issue("localhost"));
        _broker = new BrokerProcess(null, "--tls-cert", cert, "--tls-key", key, "--tls-ca", _authorityFile);
        foreach (string listener in (string[])["amqps", "mqtts", "stomps", "mqtt-wss"])
            _broker.PortOf(listener);
        await _broker.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _broker.DisposeAsync();
        _authority.Dispose();
        _stranger.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [BrokerFact]
    public async Task RabbitMq_client_publishes_and_gets()
    {
        await using IConnection connection = await Factory().CreateConnectionAsync();
        await using IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        string queue = await channel.QueueDeclareAsync();
        byte[] body = new byte[200_000];
        Random.Shared.NextBytes(body);
        await channel.BasicPublishAsync("", queue, body);
        BasicGetResult? got = await channel.BasicGetAsync(queue, autoAck: true);
        Assert.Equal(body, got!.Body.ToArray());
    }

    [BrokerFact]
    public async Task RabbitMq_client_is_the_user_that_its_certificate_names()
    {
        using X509Certificate2 guest = _authority.Issue("guest", TestAuthority.ForClients);
        await using IConnection connection = await External(guest).CreateConnectionAsync();
        Assert.True(connection.IsOpen);

        using X509Certificate2 nobody = _authority.Issue("nobody", TestAuthority.ForClients);
        await Assert.ThrowsAsync<BrokerUnreachableException>(() => External(nobody).CreateConnectionAsync());
        using X509Certificate2 stranger = _stranger.Issue("guest", TestAuthority.ForClients);
        await Assert.ThrowsAsync<BrokerUnreachableException>(() => External(stranger).CreateConnectionAsync());
    }

    [BrokerFact]
    public async Task RabbitMq_client_refuses_a_broker_of_another_name()
    {
        ConnectionFactory factory = Factory();
        factory.Ssl.ServerName = "another.example";
        await Assert.ThrowsAsync<BrokerUnreachableException>(() => factory.CreateConnectionAsync());
    }

    [BrokerFact]
    public async Task Openssl_verifies_the_chain_and_the_name()
    {
        Skip(await Command.ExistsAsync("openssl", "version") ? null : "openssl is not installed.");
        Assert.Equal(0, await OpensslAsync(_authorityFile, "localhost"));
        Assert.NotEqual(0, await OpensslAsync(_authorityFile, "another.example"));
        Assert.NotEqual(0, await OpensslAsync(_stranger.Write(_folder), "localhost"));
    }

    [BrokerFact]
    public async Task Openssl_is_told_which_protocol_it_speaks()
    {
        Skip(await Command.ExistsAsync("openssl", "version") ? null : "openssl is not installed.");
        CommandResult result = await Command.RunAsync(
            "openssl", "s_client", "-connect", $"127.0.0.1:{_broker.PortOf("mqtts")}", "-CAfile", _authorityFile,
            "-alpn", "h2,mqtt");
        Assert.Contains("ALPN protocol: mqtt", result.Output, StringComparison.Ordinal);
        result = await Command.RunAsync(
            "openssl", "s_client", "-connect", $"127.0.0.1:{_broker.PortOf("mqtts")}", "-CAfile", _authorityFile,
            "-alpn", "h2,http/1.1");
        Assert.Contains("no application protocol", result.Errors, StringComparison.Ordinal);
    }

    [BrokerFact]
    public async Task Mosquitto_is_the_user_that_its_certificate_names()
    {
        Skip(await Command.TryRunAsync("mosquitto_pub", "--help") is null
            ? "mosquitto-clients is not installed."
            : null);
        Assert.Equal(0, await MosquittoAsync("guest"));
        Assert.NotEqual(0, await MosquittoAsync("nobody"));
    }

    [BrokerFact]
    public async Task Paho_publishes_and_receives()
    {
        var paho = new PythonModule("paho.mqtt.client", "python3-paho-mqtt");
        Skip(await paho.PrepareAsync());
        Assert.Equal("over tls\n", await SayAsync(paho, PahoScript, "mqtts"));
    }

    [BrokerFact]
    public async Task Stomp_py_sends_and_receives()
    {
        var stomp = new PythonModule("stomp", "python3-stomp");
        Skip(await stomp.PrepareAsync());
        Assert.Equal("over tls\n", await SayAsync(stomp, StompScript, "stomps"));
    }

    [BrokerFact]
    public async Task Mqtt_js_connects_over_a_web_socket()
    {
        var package = new NodePackage("mqttjs");
        Skip(await package.PrepareAsync());
        string script = $$"""
            const client = require('mqtt').connect('wss://localhost:{{_broker.PortOf("mqtt-wss")}}/mqtt', {
              username: 'guest', password: 'guest', ca: require('fs').readFileSync('{{_authorityFile}}'),
              reconnectPeriod: 0 });
            client.on('error', error => { console.error(error); process.exit(1); });
            client.on('connect', () => client.subscribe('tls/w', () => client.publish('tls/w', 'over wss')));
            client.on('message', (topic, payload) => { console.log(payload.toString()); client.end(); });
            """;
        CommandResult result = await package.RunAsync("-e", script);
        Assert.Equal(("over wss\n", ""), (result.Output, result.Errors));
    }

    private async Task<string> SayAsync(PythonModule module, string script, string listener)
    {
        CommandResult result = await module.RunAsync(
            _folder, "-c", script, $"{_broker.PortOf(listener)}", _authorityFile);
        Assert.True(result.ExitCode == 0, result.Errors);
        return result.Output;
    }

    private async Task<int> OpensslAsync(string authorities, string name)
    {
        CommandResult result = await Command.RunAsync(
            "openssl", "s_client", "-connect", $"127.0.0.1:{_broker.PortOf("amqps")}", "-CAfile", authorities,
            "-verify_hostname", name, "-verify_return_error", "-brief");
        return result.ExitCode;
    }

    private async Task<int> MosquittoAsync(string user)
    {
        using X509Certificate2 certificate = _authority.Issue(user, TestAuthority.ForClients);
        (string cert, string key) = TestAuthority.Write(_folder, user, certificate);
        CommandResult result = await Command.RunAsync(
            "mosquitto_pub", "-h", "localhost", "-p", $"{_broker.PortOf("mqtts")}", "--cafile", _authorityFile,
            "--cert", cert, "--key", key, "-V", "5", "-q", "1", "-t", "tls/c", "-m", "x");
        return result.ExitCode;
    }

    private ConnectionFactory External(X509Certificate2 certificate)
    {
        ConnectionFactory factory = Factory();
        factory.AuthMechanisms = [new ExternalMechanismFactory()];
        factory.Ssl.Certs = [certificate];
        return factory;
    }

    private ConnectionFactory Factory() => new()
    {
        HostName = "127.0.0.1",
        Port = _broker.PortOf("amqps"),
        AutomaticRecoveryEnabled = false,
        Ssl = new SslOption("localhost", enabled: true) { CertificateValidationCallback = IsTrusted },
    };

    /// <summary>The framework's own verdict, except that the authority of the test is one to trust.</summary>
    private bool IsTrusted(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return false;
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.CustomTrustStore.Add(_authority.Certificate);
        return own.Build((X509Certificate2)shown!);
    }

    private static void Skip(string? missing)
    {
        if (missing is not null)
            Assert.Skip(missing);
    }
}
