namespace Posthaste.Broker.Storage;

/// <summary>What opening a data directory found, for people.</summary>
/// <param name="Directory">Where it is; null in memory.</param>
/// <param name="IsNew">There was none before.</param>
/// <param name="WasClean">It had been shut down in order.</param>
/// <param name="QueueCount">Durable queues.</param>
/// <param name="MessageCount">Messages in them.</param>
/// <param name="JournalBytes">Bytes of journal that were replayed.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="TornTail">An unfinished write was found at the end and cut off: nothing in it had been
/// confirmed.</param>
/// <param name="Damages">What had been written and is not there any more, with file and offset; empty when all is
/// well.</param>
public sealed record RecoverySummary(
    string? Directory, bool IsNew, bool WasClean, int QueueCount, long MessageCount, long JournalBytes,
    TimeSpan Duration,
    string? TornTail, IReadOnlyList<string> Damages)
{
    internal static RecoverySummary InMemory { get; } = new(null, true, true, 0, 0, 0, TimeSpan.Zero, null, []);
}
