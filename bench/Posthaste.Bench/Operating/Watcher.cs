using System.Net;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Operating;

/// <summary>
/// Somebody who looks: each second it asks for what two open pages of the console and a dashboard ask for. On a thread
/// of its own, which belongs to the load.
/// </summary>
internal sealed class Watcher : IDisposable
{
    private const int PeriodMs = 1000;

    private static readonly string[] Paths =
    [
        "/",
        "/queues",
        "/api/overview?lengths_age=600&lengths_incr=5&msg_rates_age=600&msg_rates_incr=5",
        "/api/queues?page=1&page_size=100&sort=name",
        "/metrics",
    ];

    private readonly ManagementClient _client;
    private readonly ManualResetEventSlim _stopping = new();
    private readonly Thread _thread;
    private volatile Exception? _failure;
    private int _roundCount;

    public Watcher(IPEndPoint endPoint)
    {
        _client = new ManagementClient(endPoint);
        _client.LogIn();
        _thread = new Thread(Run) { Name = "watcher", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Asks for everything once.</summary>
    /// <param name="client">One that has logged in to the console.</param>
    public static void Look(ManagementClient client)
    {
        foreach (string path in Paths)
        {
            client.Get(path);
        }
    }

    /// <summary>Throws unless everything that it asked was answered, and it has asked at all.</summary>
    public void Verify()
    {
        if (_failure is { } failure)
        {
            throw new WorkloadException($"the watcher was not answered: {failure.Message}");
        }

        if (Volatile.Read(ref _roundCount) == 0)
        {
            throw new WorkloadException("the watcher has not asked anything");
        }
    }

    public void Dispose()
    {
        _stopping.Set();
        _thread.Join();
        _client.Dispose();
        _stopping.Dispose();
    }

    private void Run()
    {
        try
        {
            do
            {
                Look(_client);
                Interlocked.Increment(ref _roundCount);
            }
            while (!_stopping.Wait(PeriodMs));
        }
        catch (Exception e) when (e is WorkloadException or ConnectionException)
        {
            _failure = e;
        }
    }
}
