using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Policies;

/// <summary>
/// What a policy's definition may say: the keys that are known, what their values may be, and what counts when an
/// operator's policy, a user's policy and the arguments of a declaration say different things.
/// </summary>
public static class PolicyKeys
{
    public const string AlternateExchange = "alternate-exchange";

    private const string ArgumentPrefix = "x-";
    private const string HighAvailability = "ha-mode";

    // Those of mirroring, paging and places say nothing to a broker without these; files that have them must be taken
    // in, and what they say is shown.
    private static readonly Key[] Known =
    [
        new(AlternateExchange, Takes.Exchange, Rule.Nearest, "alternate exchange name", IsText),
        new("dead-letter-exchange", Takes.Queue, Rule.Nearest, "dead letter exchange name", IsText),
        new("dead-letter-routing-key", Takes.Queue, Rule.Nearest, "dead letter routing key", IsText),
        new(
            "dead-letter-strategy", Takes.Quorum, Rule.Nearest, "dead letter strategy",
            OneOf("at-most-once", "at-least-once")),
        new("message-ttl", Takes.Queue | Takes.Operator, Rule.Least, "message TTL", IsNatural),
        new("expires", Takes.Queue | Takes.Operator, Rule.Least, "queue expiry", IsPositive),
        new("max-length", Takes.Queue | Takes.Operator, Rule.Least, "maximum length", IsNatural),
        new("max-length-bytes", Takes.Queue | Takes.Operator, Rule.Least, "maximum length in bytes", IsNatural),
        new(
            "overflow", Takes.Queue | Takes.Operator, Rule.Nearest, "overflow value",
            OneOf("drop-head", "reject-publish", "reject-publish-dlx")),
        new("delivery-limit", Takes.Quorum | Takes.Operator, Rule.LeastNatural, "delivery limit", IsNatural),
        new(
            "delayed-retry-type", Takes.Quorum, Rule.Nearest, "delayed retry type",
            OneOf("disabled", "all", "failed", "returned")),
        new("delayed-retry-min", Takes.Quorum, Rule.Nearest, "delayed retry minimum", IsNatural),
        new("delayed-retry-max", Takes.Quorum, Rule.Nearest, "delayed retry maximum", IsNatural),
        new("consumer-timeout", Takes.Queue, Rule.Least, "consumer timeout", IsNatural),
        new("max-in-memory-length", Takes.Queue | Takes.Operator, Rule.Least, "maximum memory in bytes", IsNatural),
        new("max-in-memory-bytes", Takes.Queue | Takes.Operator, Rule.Least, "maximum memory in bytes", IsNatural),
        new("queue-mode", Takes.Classic, Rule.Nearest, "queue-mode value", OneOf("default", "lazy")),
        new("queue-version", Takes.Classic | Takes.Operator, Rule.Nearest, "queue-version value", IsVersion),
        new(
            "queue-master-locator", Takes.Classic, Rule.Nearest, "queue-master-locator value",
            OneOf("min-masters", "client-local", "random")),
        new(
            "queue-leader-locator", Takes.Queue, Rule.Nearest, "queue leader locator value",
            OneOf("client-local", "balanced", "random", "least-leaders")),
        new("target-group-size", Takes.Quorum | Takes.Operator, Rule.Nearest, "target group size", IsPositive),
        new(HighAvailability, Takes.Classic, Rule.Nearest, "ha-mode value", OneOf("all", "exactly", "nodes")),
        new("ha-params", Takes.Classic, Rule.Nearest, "ha-params value", IsNumberOrList),
        new("ha-sync-mode", Takes.Classic, Rule.Nearest, "ha-sync-mode value", OneOf("manual", "automatic")),
        new("ha-sync-batch-size", Takes.Classic, Rule.Nearest, "ha-sync-batch-size value", IsPositive),
        new(
            "ha-promote-on-shutdown", Takes.Classic, Rule.Nearest, "ha-promote-on-shutdown value",
            OneOf("always", "when-synced")),
        new(
            "ha-promote-on-failure", Takes.Classic, Rule.Nearest, "ha-promote-on-failure value",
            OneOf("always", "when-synced")),
    ];

    /// <summary>What a key means something to, and whether operators may set it.</summary>
    [Flags]
    private enum Takes
    {
        Classic = 1,
        Quorum = 2,
        Queue = Classic | Quorum,
        Exchange = 4,
        Operator = 8,
    }

    private enum Rule
    {
        /// <summary>
        /// Of an operator's value and a user's the operator's counts; of that and an argument the argument.
        /// </summary>
        Nearest,

        /// <summary>The smallest value counts.</summary>
        Least,

        /// <summary>The smallest that is not negative, which would be no limit.</summary>
        LeastNatural,
    }

    /// <summary>Says what is wrong with a definition, in RabbitMQ's words; null if nothing.</summary>
    /// <param name="definition">Key by key.</param>
    /// <param name="isOperator">Whether it is an operator's policy, which may limit and not more.</param>
    public static string? FindFault(FieldTable definition, bool isOperator)
    {
        if (definition.Count == 0) return "no policy provided";
        var unknown = definition.Where(field => Find(field.Key) is not { } key || (isOperator && !key.IsOperators))
            .OrderBy(static field => field.Key, StringComparer.Ordinal)
            .Select(static field => $"{{<<\"{field.Key}\">>,{Term(field.Value)}}}").ToArray();
        if (unknown.Length > 0) return $"[{string.Join(',', unknown)}] are not recognised policy settings";
        foreach (var (name, value) in definition)
        {
            var key = Find(name)!.Value;
            if (!key.IsValid(value)) return $"{Term(value)} is not a valid {key.What}";
        }

        return definition.Any(static field => field.Key.StartsWith("ha-", StringComparison.Ordinal))
            && !definition.ContainsKey(HighAvailability)
            ? "ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown"
            : null;
    }

    /// <summary>
    /// Whether a queue of this type knows all that the definition says: a policy that says more is not for it.
    /// </summary>
    public static bool SuitQueues(FieldTable definition, QueueType type)
    {
        var other = type == QueueType.Quorum ? Takes.Classic : Takes.Quorum;
        return definition.All(field => Find(field.Key) is not { } key || (key.Takes & Takes.Queue) != other);
    }

    /// <summary>What an operator's policy leaves of a user's: both together, limits by the smaller value.</summary>
    public static FieldTable Merge(FieldTable user, FieldTable operators)
    {
        var merged = user;
        foreach (var (name, value) in operators)
        {
            merged = merged.With(
                name, user.TryGetValue(name, out var own) ? Choose(name, nearer: value, farther: own) : value);
        }

        return merged;
    }

    /// <summary>
    /// The arguments of a queue as they would have to be for it to behave as its own and the policy's say.
    /// </summary>
    /// <param name="arguments">As declared.</param>
    /// <param name="policy">What its policies say together.</param>
    internal static FieldTable ToArguments(FieldTable arguments, FieldTable policy)
    {
        var result = arguments;
        foreach (var (name, value) in policy)
        {
            if (Find(name) is not { } key || (key.Takes & Takes.Queue) == 0) continue;
            var argument = ArgumentPrefix + name;
            var isOwn = arguments.TryGetValue(argument, out var own);
            result = result.With(argument, isOwn ? Choose(name, nearer: own, farther: value) : value);
        }

        return result;
    }

    private static FieldValue Choose(string name, FieldValue nearer, FieldValue farther)
    {
        var rule = Find(name)?.Rule ?? Rule.Nearest;
        if (rule == Rule.Nearest || !nearer.TryGetInt64(out var near) || !farther.TryGetInt64(out var far))
            return nearer;
        var takesLarger = rule == Rule.LeastNatural && (near < 0 || far < 0);
        return (near > far) == takesLarger ? nearer : farther;
    }

    private static Key? Find(string name)
    {
        var index = Array.FindIndex(Known, key => key.Name == name);
        return index < 0 ? null : Known[index];
    }

    private static bool IsText(FieldValue value) => value.Type == FieldType.String;

    private static bool IsNatural(FieldValue value) => value.TryGetInt64(out var number) && number >= 0;

    private static bool IsPositive(FieldValue value) => value.TryGetInt64(out var number) && number > 0;

    private static bool IsVersion(FieldValue value) => value.TryGetInt64(out var number) && number is 1 or 2;

    private static bool IsNumberOrList(FieldValue value) => value.Type == FieldType.Array || IsPositive(value);

    private static Func<FieldValue, bool> OneOf(params string[] allowed) =>
        value => value.TryGetString(out var text) && allowed.Contains(text);

    /// <summary>A value as Erlang, and with it RabbitMQ's texts, would show it.</summary>
    private static string Term(FieldValue value) => value.Type switch
    {
        FieldType.String => $"<<\"{value}\">>",
        FieldType.Void => "null",
        FieldType.Array => $"[{string.Join(',', value.Elements.ToArray().Select(Term))}]",
        _ => value.TryGetBoolean(out var flag) ? (flag ? "true" : "false") : value.ToString(),
    };

    private readonly record struct Key(
        string Name, Takes Takes, Rule Rule, string What, Func<FieldValue, bool> IsValid)
    {
        public bool IsOperators => (Takes & Takes.Operator) != 0;
    }
}
