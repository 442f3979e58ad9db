using Microsoft.Extensions.Logging;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Security;
using Posthaste.Broker.Storage;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;

namespace Posthaste.Broker;

/// <summary>Receives a message of a queue that is read offline. The message is valid during the call only.</summary>
public delegate void OfflineMessageHandler(in DeliveredMessage message);

/// <summary>
/// The content of a data directory without a running broker: recovered in memory, nothing in the directory is changed.
/// For export and inspection. One thread.
/// </summary>
public sealed class OfflineBroker : IAsyncDisposable
{
    private readonly MessageBroker _broker;

    private OfflineBroker(MessageBroker broker) => _broker = broker;

    /// <summary>What reads the properties of messages; empty until the protocols' formats are registered.</summary>
    public MessageFormats Formats => _broker.Formats;

    public RecoverySummary Recovery => _broker.Recovery;

    public IEnumerable<VirtualHost> VirtualHosts => _broker.VirtualHosts;

    /// <summary>The broker's queues, by virtual host and name.</summary>
    public IEnumerable<BrokerQueue> Queues =>
        _broker.AllQueues.OrderBy(queue => queue.Host.Name, StringComparer.Ordinal)
            .ThenBy(queue => queue.Name, StringComparer.Ordinal);

    /// <summary>
    /// Recovers a directory. Time stands still at the last write, so nothing expires by being looked at.
    /// </summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="key">What it is encrypted with; null for nothing.</param>
    /// <param name="loggers">Where its log goes.</param>
    /// <exception cref="IOException">
    /// It can't be read, a newer version wrote it, or it is encrypted with another key.
    /// </exception>
    public static OfflineBroker Open(string directory, MasterKey? key, ILoggerFactory loggers)
    {
        if (!Directory.Exists(directory)) throw new DirectoryNotFoundException($"There is no directory {directory}.");
        var time = new StoppedTime();
        var options = new MessageBrokerOptions
        {
            DataDirectory = directory,
            EncryptionKey = key,
            Time = time,
            ConnectionTime = time,
            VirtualHosts = [],
            // Nobody connects, and the first user must not be made by a look at the directory.
            Authenticator = new LoopbackGuestAuthenticator(),
        };
        return new OfflineBroker(
            MessageBroker.Open(
                options, loggers, new ReadOnlyDevice(new FileDevice(directory)), new IgnoredScheduler()));
    }

    /// <summary>Reads the messages of a queue in order. Each can be read once.</summary>
    /// <returns>How many there were.</returns>
    public long ReadAll(BrokerQueue queue, OfflineMessageHandler handler)
    {
        var request = new ReadRequest(handler);
        var flushes = new FlushSet();
        while (true)
        {
            request.IsAnswered = false;
            queue.Get(request, flushes);

            // Not at hand: read from disk, on this thread.
            while (!request.IsAnswered)
            {
                if (!_broker.Step() && !request.IsAnswered)
                    throw new IOException($"Queue '{queue.Name}' has messages that cannot be read.");
            }

            if (request.IsEmpty) return request.Count;
            if (request.Count % 1024 == 0) _broker.Step();
        }
    }

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    private sealed class ReadRequest : GetRequest
    {
        private readonly OfflineMessageHandler _handler;

        public ReadRequest(OfflineMessageHandler handler)
        {
            _handler = handler;
            NoAck = true;
        }

        public bool IsAnswered { get; set; }

        public bool IsEmpty { get; private set; }

        public long Count { get; private set; }

        protected internal override void OnMessage(in DeliveredMessage message, long remaining, FlushSet flushes)
        {
            IsAnswered = true;
            Count++;
            _handler(in message);
        }

        protected internal override void OnEmpty(FlushSet flushes)
        {
            IsAnswered = true;
            IsEmpty = true;
        }
    }

    /// <summary>Expiry is by the clock: here none passes, and none has.</summary>
    private sealed class StoppedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new NoTimer();
    }

    private sealed class NoTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class IgnoredScheduler : IWorkScheduler
    {
        public void Schedule(IThreadPoolWorkItem item)
        {
            // What could be put off is delivery to consumers, and there are none.
        }
    }
}
