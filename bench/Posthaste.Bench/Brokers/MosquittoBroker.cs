using System.Diagnostics;

namespace Posthaste.Bench.Brokers;

/// <summary>
/// Debian's mosquitto with its defaults, and Debian's <c>persistence true</c>: sessions survive a clean restart,
/// written every half an hour. Nothing of /etc/mosquitto or of a system service is read or touched. Speaks MQTT alone.
/// </summary>
internal sealed class MosquittoBroker(string workDirectory) : Broker(BrokerName, workDirectory, Protocol.Mqtt)
{
    public const string BrokerName = "mosquitto";
    private const string Server = "/usr/sbin/mosquitto";
    private static readonly TimeSpan LogTimeout = TimeSpan.FromSeconds(1);

    public override void Start()
    {
        if (!File.Exists(Server))
        {
            throw new FileNotFoundException($"{Server} is not there: see bench/README.md for how to install mosquitto");
        }

        base.Start();
    }

    protected override ProcessStartInfo Describe()
    {
        string configuration = Path.Combine(Home, "mosquitto.conf");
        File.WriteAllLines(
            configuration,
            [
                $"listener {EndPoint.Port} {EndPoint.Address}",
                "allow_anonymous true",
                "persistence true",
                $"persistence_location {Home}/",
                $"user {Environment.UserName}",
            ]);
        return new ProcessStartInfo(Server, ["-c", configuration]);
    }

    /// <summary>The version is in the first line of its log, which may come after its first answer.</summary>
    protected override string Introduce()
    {
        string version = "";
        SpinWait.SpinUntil(() => (version = Version()).Length > 0, LogTimeout);
        return $"mosquitto {version}".Trim();
    }

    // "mosquitto version 2.0.11 starting"
    private string Version()
    {
        const string Before = "mosquitto version ";
        string output = Output();
        int at = output.IndexOf(Before, StringComparison.Ordinal);
        return at < 0 ? "" : output[(at + Before.Length)..].Split(' ')[0];
    }
}
