using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>
/// The arguments with which a client consumes. Those that only streams know are refused on other queues, as RabbitMQ
/// does; unknown ones are ignored.
/// </summary>
/// <param name="Priority">Consumers with more of it are served first while they have room (`x-priority`).</param>
/// <param name="TimeoutMs">
/// Milliseconds that the client may take to settle a delivery (`x-consumer-timeout`), 0 for any time; null when the
/// queue decides.
/// </param>
public readonly record struct ConsumerArguments(int Priority, long? TimeoutMs)
{
    public const string PriorityName = "x-priority";

    private static readonly string[] OfStreams = ["x-stream-offset", "x-stream-filter", "x-stream-match-unfiltered"];

    /// <summary>Checks the arguments and says what they mean.</summary>
    /// <param name="name">Queue, for the error's text.</param>
    /// <param name="virtualHost">For the error's text.</param>
    /// <param name="type">What kind of queue it is.</param>
    /// <param name="arguments">As received.</param>
    /// <param name="parsed">The outcome; meaningless with an error.</param>
    public static CatalogError? Parse(
        string name, string virtualHost, QueueType type, FieldTable arguments, out ConsumerArguments parsed)
    {
        parsed = default;
        if (arguments.Count == 0)
            return null;

        var what = CatalogErrors.Queue(name, virtualHost);
        if (Find(arguments, PriorityName, ArgumentFaults.Integer, what, out var priority) is { } badPriority)
            return badPriority;
        if (Find(arguments, QueueArguments.ConsumerTimeout, ArgumentFaults.NaturalNumber, what, out var timeoutMs)
            is { } badTimeout)
        {
            return badTimeout;
        }

        foreach (var argument in OfStreams)
        {
            if (arguments.ContainsKey(argument))
                return CatalogErrors.ArgumentOfOtherQueueType(argument, what, QueueArguments.ModuleName(type));
        }

        parsed = new ConsumerArguments((int)long.Clamp(priority ?? 0, int.MinValue, int.MaxValue), timeoutMs);
        return null;
    }

    private static CatalogError? Find(
        FieldTable arguments, string name, Func<FieldValue, string?> findFault, string what, out long? number)
    {
        number = null;
        if (!arguments.TryGetValue(name, out var value))
            return null;
        if (findFault(value) is { } fault)
            return CatalogErrors.InvalidArgument(name, what, fault);
        number = value.TryGetInt64(out var found) ? found : null;
        return null;
    }
}
