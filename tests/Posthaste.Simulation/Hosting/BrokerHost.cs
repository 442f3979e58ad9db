using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Security;
using Posthaste.Primitives;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;

namespace Posthaste.Simulation.Hosting;

/// <summary>
/// A broker on a device of memory, without threads: it does something only when it is told to. It can be shut down in
/// order, or its power cut, and opened again on what is left. One thread.
/// </summary>
internal sealed class BrokerHost
{
    /// <summary>Rounds after which a broker that still finds something to do is taken to run in circles.</summary>
    private const int RoundsMax = 1_000;

    private readonly SeededRandom _random;
    private readonly Func<IStorageDevice, IStorageDevice> _wrap;

    /// <param name="device">Null for a broker in memory only.</param>
    /// <param name="seed">Of the broker's own randomness.</param>
    /// <param name="wrap">Puts something between the broker and the device.</param>
    public BrokerHost(IStorageDevice? device, ulong seed = 1, Func<IStorageDevice, IStorageDevice>? wrap = null)
    {
        Device = device;
        _random = new SeededRandom(seed);
        _wrap = wrap ?? (static d => d);
        Options = new MessageBrokerOptions
        {
            Time = Time,
            ConnectionTime = Time,
            FillRandom = _random.Fill,
            JournalFileBytes = 1 << 20,
            JournalBytesMax = 4 << 20,
            ResidentBytesMax = 4 << 20,
            ReadCacheBytesMax = 4 << 20,
            UncommittedBytesMax = 1 << 20,
            DiskFreeBytesMin = 0,
            Authenticator = new LoopbackGuestAuthenticator(),
        };
    }

    /// <summary>What the broker has logged as an error.</summary>
    public ErrorLog Errors { get; } = new();

    public ManualTime Time { get; } = new();

    /// <summary>Of this life of the broker.</summary>
    public StepScheduler Scheduler { get; private set; } = new();

    public MessageBrokerOptions Options { get; }

    public IStorageDevice? Device { get; private set; }

    public FaultyDevice Faulty => (FaultyDevice)Device!;

    public MessageBroker Broker { get; private set; } = null!;

    /// <summary>A connection that is there as long as the broker is.</summary>
    public BrokerConnection Connection { get; private set; } = null!;

    public VirtualHost Host => Connection.Host;

    /// <summary>Not even facts that free something can be recorded.</summary>
    public bool HasNoRoom => Broker.Data.Journal is { Space: JournalSpace.Exhausted };

    /// <summary>Opens the broker on what the device holds.</summary>
    /// <exception cref="IOException">What it holds is damaged beyond use, or can't be read.</exception>
    public BrokerHost Open()
    {
        OpenBroker();
        Connection = Connect();
        return this;
    }

    /// <summary>The same without a connection: there may be no virtual host for it.</summary>
    public void OpenBroker()
    {
        Scheduler = new StepScheduler();
        Broker =
            MessageBroker.Open(Options, Errors, Device is null ? null : _wrap(Device), Scheduler);
    }

    public BrokerConnection Connect(string host = MessageBroker.DefaultVirtualHost) =>
        Broker.OpenConnection(NoTransport.Create(), "sim", new BrokerUser("sim"), Broker.FindVirtualHost(host)!);

    /// <summary>Does what is to be done, until nothing is.</summary>
    public void Idle()
    {
        for (var round = 0; Step(); round++)
        {
            Checks.Require(round < RoundsMax, "the broker does not come to rest");
        }
    }

    /// <returns>Whether there was anything to do.</returns>
    public bool Step()
    {
        var any = Broker.Step();
        return any | Scheduler.RunPending();
    }

    /// <summary>Shuts down in order.</summary>
    public void Close()
    {
        Broker.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Time.ForgetTimers();
    }

    public void Restart()
    {
        Close();
        Open();
    }

    /// <summary>
    /// Cuts the power; what was not synced may be lost, torn and reordered. Call <see cref="Open"/> next.
    /// </summary>
    public void Crash()
    {
        Device = Faulty.Crash();
        FlushSet.ForThisThread.FlushAll();
        Time.ForgetTimers();
    }

    /// <summary>Makes a disk that has no more room than this.</summary>
    public void LeaveRoom(long bytes)
    {
        Faulty.CapacityBytes = long.MaxValue - 1;
        Faulty.CapacityBytes -= Faulty.FreeBytes - bytes;
    }

    public void CrashAndOpen()
    {
        Crash();
        Open();
    }
}
