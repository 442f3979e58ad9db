using Posthaste.Core.Policies;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>The properties of a declaration beside its arguments.</summary>
/// <param name="Durable">As asked for.</param>
/// <param name="Exclusive">As asked for.</param>
/// <param name="AutoDelete">As asked for.</param>
public readonly record struct QueueFlags(bool Durable, bool Exclusive, bool AutoDelete);

/// <summary>
/// The arguments of a queue's declaration: which are known, what they may say and what they mean. Arguments that are
/// not known are kept, compared when the queue is declared again, and otherwise ignored, as RabbitMQ does.
/// </summary>
public static class QueueArguments
{
    public const string Type = "x-queue-type";
    public const string MessageTtl = "x-message-ttl";
    public const string Expires = "x-expires";
    public const string LengthMax = "x-max-length";
    public const string BytesMax = "x-max-length-bytes";
    public const string Overflow = "x-overflow";
    public const string DeadLetterExchange = "x-dead-letter-exchange";
    public const string DeadLetterRoutingKey = "x-dead-letter-routing-key";
    public const string DeadLetterStrategy = "x-dead-letter-strategy";
    public const string DeliveryLimit = "x-delivery-limit";
    public const string PriorityMax = "x-max-priority";
    public const string SingleActiveConsumer = "x-single-active-consumer";
    public const string ConsumerTimeout = "x-consumer-timeout";
    public const string DelayedRetryType = "x-delayed-retry-type";
    public const string DelayedRetryMin = "x-delayed-retry-min";
    public const string DelayedRetryMax = "x-delayed-retry-max";

    internal const string ClassicType = "classic";
    internal const string QuorumType = "quorum";
    internal const string StreamType = "stream";

    private const string RejectPublish = "reject-publish";
    private const string RejectPublishDeadLetter = "reject-publish-dlx";
    private const string AtLeastOnce = "at-least-once";
    private const string Deduplication = "x-message-deduplication";

    /// <summary>RabbitMQ 4's default for quorum queues: a message that fails this often is poison.</summary>
    private const long QuorumDeliveryLimitDefault = 20;

    /// <summary>Quorum queues have 32 strict priority levels without asking.</summary>
    private const byte QuorumPriorityMax = 31;

    /// <summary>
    /// Times beyond this mean never; 2,231 years, so that adding one to a clock fits an entry's 48 bits.
    /// </summary>
    private const long TimeMsMax = 1L << 46;

    private static readonly QueueSettings ClassicDefaults = new();

    // In the order in which they are checked. Those of clustering, paging and queue formats say nothing to a broker
    // without these; clients that send them must still start.
    private static readonly Argument[] Known =
    [
        new(Expires, For.All, ArgumentFaults.PositiveInteger),
        new(MessageTtl, For.All, ArgumentFaults.NaturalNumber),
        new(DeadLetterExchange, For.All, ArgumentFaults.Text),
        new(DeadLetterRoutingKey, For.All, ArgumentFaults.Text),
        new(DeadLetterStrategy, For.Quorum, ArgumentFaults.OneOf("invalid_dlx_strategy", "at-most-once", AtLeastOnce)),
        new(LengthMax, For.All, ArgumentFaults.NaturalNumber),
        new(BytesMax, For.All, ArgumentFaults.NaturalNumber),
        new("x-max-in-memory-length", For.All, ArgumentFaults.NaturalNumber),
        new("x-max-in-memory-bytes", For.All, ArgumentFaults.NaturalNumber),
        new(PriorityMax, For.Classic, ArgumentFaults.Priority),
        new(
            Overflow, For.All,
            ArgumentFaults.OneOf("invalid_overflow", "drop-head", RejectPublish, RejectPublishDeadLetter)),
        new("x-queue-mode", For.All, ArgumentFaults.QueueMode),
        new("x-queue-version", For.All, ArgumentFaults.QueueVersion),
        new(SingleActiveConsumer, For.All, ArgumentFaults.Boolean),
        new(DeliveryLimit, For.Quorum, ArgumentFaults.Integer),
        new("x-quorum-initial-group-size", For.Quorum, ArgumentFaults.PositiveInteger),
        new("x-quorum-target-group-size", For.Quorum, ArgumentFaults.PositiveInteger),
        new("x-queue-leader-locator", For.All, ArgumentFaults.Text),
        new("x-queue-master-locator", For.All, ArgumentFaults.Text),
        new(ConsumerTimeout, For.All, ArgumentFaults.NaturalNumber),
        new(
            DelayedRetryType, For.Quorum,
            ArgumentFaults.OneOf("invalid_delayed_retry_type", "disabled", "all", "failed", "returned")),
        new(DelayedRetryMin, For.Quorum, ArgumentFaults.NaturalNumber),
        new(DelayedRetryMax, For.Quorum, ArgumentFaults.NaturalNumber),
        new("x-max-age", For.Stream, ArgumentFaults.Text),
        new("x-stream-max-segment-size-bytes", For.Stream, ArgumentFaults.NaturalNumber),
        new("x-stream-filter-size-bytes", For.Stream, ArgumentFaults.NaturalNumber),
        new("x-initial-cluster-size", For.Stream, ArgumentFaults.PositiveInteger),
    ];

    [Flags]
    private enum For
    {
        Classic = 1,
        Quorum = 2,
        Stream = 4,
        All = Classic | Quorum,
    }

    /// <summary>The known arguments, in the order in which they are checked and compared.</summary>
    internal static IEnumerable<string> KnownNames { get; } = [Type, .. Known.Select(argument => argument.Name)];

    /// <summary>
    /// Checks the arguments and says what they mean together; the settings are the defaults if there is an error.
    /// </summary>
    /// <param name="name">Queue, for the error's text.</param>
    /// <param name="virtualHost">For the error's text.</param>
    /// <param name="flags">What the declaration asks for beside the arguments.</param>
    /// <param name="arguments">As received.</param>
    /// <param name="settings">The outcome.</param>
    public static CatalogError? Parse(
        string name, string virtualHost, QueueFlags flags, FieldTable arguments, out QueueSettings settings)
    {
        settings = ClassicDefaults;
        if (arguments.Count == 0)
            return null;

        var what = CatalogErrors.Queue(name, virtualHost);
        if (arguments.TryGetValue(DeadLetterExchange, out var exchange) && exchange.Type != FieldType.String)
            return CatalogErrors.InvalidArgumentType(DeadLetterExchange, what, exchange.Type.WireName());
        var error = ParseType(arguments, what, out var type) ?? CheckEach(arguments, type, what);
        if (error is null && type == QueueType.Quorum)
            error = CheckQuorum(flags, what);
        if (error is null)
            settings = Read(arguments, type);
        return error;
    }

    /// <summary>What a queue's arguments mean under its policies.</summary>
    /// <param name="definition">The queue; what it was declared as stays as it is.</param>
    /// <param name="policy">What its policies say together (<see cref="PolicyKeys.Merge"/>).</param>
    public static QueueSettings Under(QueueDefinition definition, FieldTable policy) => policy.Count == 0
        ? definition.Settings
        : Read(PolicyKeys.ToArguments(definition.Arguments, policy), definition.Settings.Type);

    /// <summary>
    /// The arguments with the type that a queue has which does not say so. One that asks for what queues of that type
    /// can't be is a classic one, as without a default.
    /// </summary>
    internal static FieldTable WithDefaultType(FieldTable arguments, QueueFlags flags, QueueType defaultType) =>
        defaultType == QueueType.Classic || arguments.ContainsKey(Type) || CheckQuorum(flags, "") is not null
            ? arguments
            : FieldTable.Create([.. arguments, new(Type, QueueTypes.NameOf(defaultType))]);

    /// <summary>The type that the arguments ask for; an error for unknown ones and for streams.</summary>
    internal static CatalogError? ParseType(FieldTable arguments, string what, out QueueType type)
    {
        type = QueueType.Classic;
        if (!arguments.TryGetValue(Type, out var value))
            return null;
        if (!value.TryGetString(out var name))
            return CatalogErrors.InvalidArgument(Type, what, ArgumentFaults.UnacceptableType(value));

        switch (name)
        {
            case ClassicType:
                return null;
            case QuorumType:
                type = QueueType.Quorum;
                return null;
            case StreamType:
                return CatalogErrors.NotImplemented($"queue type 'stream' of {what} is not supported");
            default:
                return CatalogErrors.InvalidArgument(Type, what, $"\"unsupported queue type '{name}'\"");
        }
    }

    /// <summary>RabbitMQ's name of the module behind a type, which its texts show.</summary>
    public static string ModuleName(QueueType type) =>
        type == QueueType.Quorum ? "rabbit_quorum_queue" : "rabbit_classic_queue";

    private static CatalogError? CheckEach(FieldTable arguments, QueueType type, string what)
    {
        var mine = type == QueueType.Quorum ? For.Quorum : For.Classic;
        foreach (var argument in Known)
        {
            if ((argument.For & mine) != 0 && arguments.TryGetValue(argument.Name, out var value)
                && argument.FindFault(value) is { } fault)
            {
                return CatalogErrors.InvalidArgument(argument.Name, what, fault);
            }
        }

        if (arguments.ContainsKey(DeadLetterRoutingKey) && !arguments.ContainsKey(DeadLetterExchange))
            return CatalogErrors.InvalidArgument(DeadLetterRoutingKey, what, "routing_key_but_no_dlx_defined");
        foreach (var argument in Known)
        {
            if ((argument.For & mine) == 0 && arguments.ContainsKey(argument.Name))
                return CatalogErrors.ArgumentOfOtherQueueType(argument.Name, what, ModuleName(type));
        }

        return CheckBuilt(arguments, what);
    }

    /// <summary>What other brokers do and this one does not: better said than ignored.</summary>
    private static CatalogError? CheckBuilt(FieldTable arguments, string what)
    {
        if (arguments.TryGetBoolean(Deduplication, out var deduplicates) && deduplicates)
            return CatalogErrors.NotImplemented($"{Deduplication} of {what} is not supported");
        return null;
    }

    private static CatalogError? CheckQuorum(QueueFlags flags, string what) => flags switch
    {
        { AutoDelete: true } => CatalogErrors.InvalidProperty("auto-delete", what),
        { Exclusive: true } => CatalogErrors.InvalidProperty("exclusive-owner", what),
        { Durable: false } => CatalogErrors.InvalidProperty("non-durable", what),
        _ => null,
    };

    private static QueueSettings Read(FieldTable arguments, QueueType type)
    {
        arguments.TryGetString(DeadLetterExchange, out var deadLetterExchange);
        arguments.TryGetString(DeadLetterRoutingKey, out var deadLetterRoutingKey);
        arguments.TryGetBoolean(SingleActiveConsumer, out var singleActiveConsumer);
        var overflow = ReadOverflow(arguments);
        return new QueueSettings
        {
            Type = type,
            MessageTtlMs = ReadTime(arguments, MessageTtl),
            ExpiresMs = ReadTime(arguments, Expires),
            LengthMax = ReadInteger(arguments, LengthMax),
            BytesMax = ReadInteger(arguments, BytesMax),
            Overflow = overflow,
            DeadLetterExchange = deadLetterExchange,
            DeadLetterRoutingKey = deadLetterRoutingKey,
            DeadLetterStrategy = ReadStrategy(arguments, overflow, deadLetterExchange),
            DeliveryLimit = type == QueueType.Quorum ? ReadDeliveryLimit(arguments) : null,
            PriorityMax = type == QueueType.Quorum
                ? QuorumPriorityMax
                : (byte)(ReadInteger(arguments, PriorityMax) ?? 0),
            SingleActiveConsumer = singleActiveConsumer,
            ConsumerTimeoutMs = ReadInteger(arguments, ConsumerTimeout),
            DelayedRetry = ReadDelayedRetry(arguments),
            RetryMinMs = Math.Min(ReadInteger(arguments, DelayedRetryMin) ?? 0, TimeMsMax),
            RetryMaxMs = Math.Min(
                ReadInteger(arguments, DelayedRetryMax) ?? ReadInteger(arguments, DelayedRetryMin) ?? 0, TimeMsMax),
        };
    }

    private static long? ReadInteger(FieldTable arguments, string name) =>
        arguments.TryGetInt64(name, out var value) ? value : null;

    private static long? ReadTime(FieldTable arguments, string name) =>
        ReadInteger(arguments, name) is { } timeMs and <= TimeMsMax ? timeMs : null;

    private static long? ReadDeliveryLimit(FieldTable arguments)
    {
        var limit = ReadInteger(arguments, DeliveryLimit) ?? QuorumDeliveryLimitDefault;
        return limit < 0 ? null : limit;
    }

    private static DelayedRetry ReadDelayedRetry(FieldTable arguments)
    {
        arguments.TryGetString(DelayedRetryType, out var type);
        return type switch
        {
            "all" => DelayedRetry.All,
            "failed" => DelayedRetry.Failed,
            "returned" => DelayedRetry.Returned,
            _ => DelayedRetry.Disabled,
        };
    }

    private static OverflowPolicy ReadOverflow(FieldTable arguments)
    {
        arguments.TryGetString(Overflow, out var overflow);
        return overflow switch
        {
            RejectPublish => OverflowPolicy.RejectPublish,
            RejectPublishDeadLetter => OverflowPolicy.RejectPublishDeadLetter,
            _ => OverflowPolicy.DropHead,
        };
    }

    // A queue that keeps what cannot be moved yet must be able to refuse more: without reject-publish it is RabbitMQ's
    // documented fall-back to at-most-once.
    private static DeadLetterStrategy ReadStrategy(FieldTable arguments, OverflowPolicy overflow, string? exchange) =>
        arguments.TryGetString(DeadLetterStrategy, out var strategy) && strategy == AtLeastOnce
        && overflow == OverflowPolicy.RejectPublish && exchange is not null
            ? Queues.DeadLetterStrategy.AtLeastOnce
            : Queues.DeadLetterStrategy.AtMostOnce;

    private readonly record struct Argument(string Name, For For, Func<FieldValue, string?> FindFault);
}
