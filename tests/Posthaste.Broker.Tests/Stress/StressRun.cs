using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security;
using Posthaste.Primitives;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Hosting;

namespace Posthaste.Broker.Tests.Stress;

/// <summary>A broker with its own threads on a directory, and what all who use it at once have in common.</summary>
internal sealed class StressRun : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly List<SemaphoreSlim> _turns = [];
    private volatile bool _isOver;

    public StressRun(string directory)
    {
        Broker = MessageBroker.Open(
            new MessageBrokerOptions
            {
                DataDirectory = directory,
                // Small, so that files are used again, backlogs move to segments and come back while all of it runs.
                JournalFileBytes = 1 << 20,
                JournalBytesMax = 4 << 20,
                ResidentBytesMax = 4 << 20,
                ReadCacheBytesMax = 4 << 20,
                UncommittedBytesMax = 1 << 20,
                DiskFreeBytesMin = 0,
            },
            NullLoggerFactory.Instance);
        Host = Broker.FindVirtualHost(MessageBroker.DefaultVirtualHost)!;
        Connection = Connect();
    }

    public MessageBroker Broker { get; }

    public VirtualHost Host { get; }

    public BrokerConnection Connection { get; }

    /// <summary>Promises that were broken.</summary>
    public ConcurrentQueue<string> Findings { get; } = new();

    public BrokerConnection Connect() =>
        Broker.OpenConnection(NoTransport.Create(), "stress", new BrokerUser("guest"), Host);

    public BrokerQueue Declare(string name, FieldTable? arguments = null)
    {
        var declared = Host.DeclareQueue(name, passive: false, durable: true, exclusive: false, autoDelete: false,
            arguments ?? FieldTable.Empty, Connection);
        Checks.Require(declared.Error is null, declared.Error?.Text ?? "");
        return declared.Queue!;
    }

    public QueueAccount Account(string name, bool ordered = false) => new(name, Findings) { IsOrdered = ordered };

    /// <summary>Runs on a thread of its own; what it throws is a finding.</summary>
    public Thread Start(string name, Action run)
    {
        var thread = new Thread(() => Guard(run)) { Name = name };
        thread.Start();
        return thread;
    }

    /// <summary>Does something once for each turn that the publishers give, until they are through.</summary>
    public Thread StartByTurns(string name, Action turn)
    {
        var turns = new SemaphoreSlim(0);
        lock (_turns) _turns.Add(turns);
        return Start(name, () =>
        {
            while (!_isOver)
            {
                Checks.Require(turns.Wait(Deadline), $"{name}: the publishers have stopped");
                if (!_isOver) turn();
            }
        });
    }

    public void GiveTurn()
    {
        lock (_turns) _turns.ForEach(static turns => turns.Release());
    }

    public void EndTurns()
    {
        _isOver = true;
        GiveTurn();
    }

    public void WaitFor(string what, Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, Deadline), $"{what} did not come; {string.Join("; ", Findings)}");

    public void Guard(Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // The boundary of a thread: whatever ends it fails the test.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Findings.Enqueue(e.ToString());
        }
    }

    public async ValueTask DisposeAsync()
    {
        Connection.Dispose();
        await Broker.DisposeAsync();
        lock (_turns) _turns.ForEach(static turns => turns.Dispose());
    }
}
