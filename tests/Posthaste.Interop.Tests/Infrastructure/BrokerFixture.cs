using System.Text;
using Posthaste.Testing;
using RabbitMQ.Client;

[assembly: AssemblyFixture(typeof(Posthaste.Interop.Tests.Infrastructure.BrokerFixture))]

namespace Posthaste.Interop.Tests.Infrastructure;

/// <summary>
/// The broker under test, shared by every class of the run. By default it is the `posthaste` process of this build;
/// the environment variable POSTHASTE_TEST_AMQP=HOST:PORT points the suites at a broker that already runs, which is how
/// their expectations are checked against RabbitMQ. Its other listeners are then POSTHASTE_TEST_MQTT and so on, and
/// what needs one that is not given is skipped.
/// </summary>
public sealed class BrokerFixture : IAsyncLifetime
{
    private const string Amqp = "amqp";

    /// <summary>Every listener that a suite may ask for.</summary>
    private static readonly string[] Listeners = [Amqp, "mqtt", "mqtt-ws", "stomp", "stomp-ws", "http"];

    private const int LogCharsMax = 4_000;

    private readonly Dictionary<string, (string Host, int Port)> _endPoints = [];
    private BrokerProcess? _process;
    private Version? _rabbitMqVersion;

    /// <summary>Host and port of AMQP 0-9-1.</summary>
    public string Host => EndPointOf(Amqp).Host;

    public int Port => EndPointOf(Amqp).Port;

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
        if (GivenEndPoint(Amqp) is not null)
        {
            foreach (string listener in Listeners)
            {
                if (GivenEndPoint(listener) is { } given)
                    _endPoints[listener] = given;
            }
        }
        else
        {
            _process = BrokerProcess.InTemporaryDirectory();
            foreach (string listener in Listeners)
                _endPoints[listener] = ("127.0.0.1", _process.PortOf(listener));
            await _process.StartAsync();
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

    /// <summary>Why the broker has no such listener, in words; null when it has.</summary>
    internal string? WhyNot(string listener) => _endPoints.ContainsKey(listener)
        ? null
        : $"{Variable(Amqp)} is set and {Variable(listener)} is not: there is no {listener} listener to test.";

    /// <summary>Where a listener is; skips the test when the broker under test has none.</summary>
    internal (string Host, int Port) EndPointOf(string listener)
    {
        if (WhyNot(listener) is { } reason)
            Assert.Skip(reason);
        return _endPoints[listener];
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
            Assert.Skip($"{Variable(Amqp)} is set: this test starts and kills its own broker.");
    }

    private static string Variable(string listener) =>
        $"POSTHASTE_TEST_{listener.ToUpperInvariant().Replace('-', '_')}";

    private static (string Host, int Port)? GivenEndPoint(string listener)
    {
        if (Environment.GetEnvironmentVariable(Variable(listener)) is not { Length: > 0 } endPoint)
            return null;
        int colon = endPoint.LastIndexOf(':');
        return (endPoint[..colon], int.Parse(endPoint[(colon + 1)..]));
    }

    private static string Text(IConnection connection, string property) =>
        connection.ServerProperties?.TryGetValue(property, out object? value) is true && value is byte[] bytes
            ? Encoding.UTF8.GetString(bytes)
            : "";
}
