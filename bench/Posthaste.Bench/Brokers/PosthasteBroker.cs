using System.Diagnostics;

namespace Posthaste.Bench.Brokers;

/// <summary>Posthaste as a user starts it, with its defaults.</summary>
/// <param name="workDirectory">Where its data directory goes.</param>
/// <param name="assembly">The built posthaste.dll.</param>
/// <param name="protocol">What it is to listen for, and nothing else.</param>
internal class PosthasteBroker(string workDirectory, string assembly, Protocol protocol)
    : Broker(BrokerName, workDirectory, protocol)
{
    public const string BrokerName = "posthaste";

    /// <summary>The release build of the repository that this program was built in.</summary>
    public static string FindAssembly()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Posthaste.slnx")))
        {
            directory = directory.Parent;
        }

        string root = directory?.FullName ?? Environment.CurrentDirectory;
        return Path.Combine(root, "artifacts", "bin", "Posthaste", "release", "posthaste.dll");
    }

    /// <summary>What it is to listen for beside the load's protocol.</summary>
    protected virtual IEnumerable<string> MoreListeners => [];

    public override void Start()
    {
        if (!File.Exists(assembly))
        {
            throw new FileNotFoundException($"{assembly} is not there: run dotnet build src/Posthaste -c Release");
        }

        base.Start();
    }

    protected override ProcessStartInfo Describe()
    {
        string listener = $"{Protocol.ToString().ToLowerInvariant()}={EndPoint}";
        IEnumerable<string> listen =
            from one in (IEnumerable<string>)["default=off", listener, .. MoreListeners]
            from argument in (string[])["--listen", one]
            select argument;
        return new("dotnet", [assembly, "serve", "--data", Path.Combine(Home, "data"), .. listen]);
    }
}
