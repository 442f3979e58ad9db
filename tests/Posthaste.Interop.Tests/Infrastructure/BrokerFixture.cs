using System.Text;
using Posthaste.Testing;
using RabbitMQ.Client;

[assembly: AssemblyFixture(typeof(Posthaste.Interop.Tests.Infrastructure.BrokerFixture))]

namespace Posthaste.Interop.Tests.Infrastructure;

/// <summary>
/// The broker under test, shared by every class of the run. By default it is the `posthaste` process of this build;
/// the environment variable POSTHASTE_TEST_AMQP=HOST:PORT points the suites at a broker that already runs, which is how
/// their expectations are checked against RabbitMQ.
/// </summary>
public sealed class BrokerFixture : IAsyncLifetime
{
    private const string EndpointVariable = "POSTHASTE_TEST_AMQP";

    private const int LogCharsMax = 4_000;

    private BrokerProcess? _process;
    private Version? _rabbitMqVersion;

    public string Host { get; private set; } = "127.0.0.1";

    public int Port { get; private set; }

    /// <summary>The last lines that the broker wrote, for the report of a failed test.</summary>
    internal string LatestLog
    {
        get
        {
            string log = _process?.Log ?? "";
            return log[Math.Max(0, log.Length - LogCharsMax)..];
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable(EndpointVariable) is { Length: > 0 } endpoint)
        {
            int colon = endpoint.LastIndexOf(':');
            (Host, Port) = (endpoint[..colon], int.Parse(endpoint[(colon + 1)..]));
        }
        else
        {
            _process = BrokerProcess.InTemporaryDirectory();
            await _process.StartAsync();
            Port = _process.AmqpPort;
        }
        await using IConnection connection = await Factory().CreateConnectionAsync();
        if (Text(connection, "product") == "RabbitMQ")
            _rabbitMqVersion = Version.Parse(Text(connection, "version").Split('-')[0]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is null)
            return;
        await using BrokerProcess process = _process;
        int exitCode = await process.StopAsync();
        if (exitCode != 0)
            throw new InvalidOperationException($"The broker ended with exit code {exitCode}.\n{process.Log}");
    }

    /// <summary>A factory with the client's defaults, except that it never reconnects behind a test's back.</summary>
    internal ConnectionFactory Factory() => new()
    {
        HostName = Host,
        Port = Port,
        AutomaticRecoveryEnabled = false,
        TopologyRecoveryEnabled = false,
    };

    /// <summary>Skips the test on a RabbitMQ older than the documentation that it follows.</summary>
    internal void SkipOnRabbitMqBefore(string version, string reason)
    {
        if (_rabbitMqVersion is { } actual && actual < Version.Parse(version))
            Assert.Skip($"RabbitMQ {actual} is older than {version}: {reason}");
    }

    /// <summary>Skips the test on every RabbitMQ: Posthaste promises more here.</summary>
    internal void SkipOnRabbitMq(string reason)
    {
        if (_rabbitMqVersion is { } actual)
            Assert.Skip($"RabbitMQ {actual} differs: {reason}");
    }

    /// <summary>Skips a test that ends its own brokers where the broker under test is somebody else's.</summary>
    internal void SkipUnlessOwned()
    {
        if (_process is null)
            Assert.Skip($"{EndpointVariable} is set: this test starts and kills its own broker.");
    }

    private static string Text(IConnection connection, string property) =>
        connection.ServerProperties?.TryGetValue(property, out object? value) is true && value is byte[] bytes
            ? Encoding.UTF8.GetString(bytes)
            : "";
}
