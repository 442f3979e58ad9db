using Posthaste.Core.Catalog;
using Posthaste.Core.Policies;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Tests.Policies;

public sealed class PolicyKeysTests
{
    private static readonly string[] LimitKeys =
        ["message-ttl", "expires", "max-length", "max-length-bytes", "max-in-memory-length", "max-in-memory-bytes"];

    private static readonly string[] Overflows = ["drop-head", "reject-publish", "reject-publish-dlx"];

    public static TheoryData<string, FieldValue, string> Invalid => new()
    {
        { "max-length", "x", "<<\"x\">> is not a valid maximum length" },
        { "max-length", -1, "-1 is not a valid maximum length" },
        { "max-length", FieldValue.Double(1.5), "1.5 is not a valid maximum length" },
        { "max-length", true, "true is not a valid maximum length" },
        { "max-length", FieldValue.Void, "null is not a valid maximum length" },
        { "max-length", FieldValue.Array(1), "[1] is not a valid maximum length" },
        { "max-length-bytes", "x", "<<\"x\">> is not a valid maximum length in bytes" },
        { "message-ttl", -1, "-1 is not a valid message TTL" },
        { "expires", 0, "0 is not a valid queue expiry" },
        { "overflow", "x", "<<\"x\">> is not a valid overflow value" },
        { "overflow", 1, "1 is not a valid overflow value" },
        { "dead-letter-exchange", 1, "1 is not a valid dead letter exchange name" },
        { "dead-letter-routing-key", 1, "1 is not a valid dead letter routing key" },
        { "dead-letter-strategy", "x", "<<\"x\">> is not a valid dead letter strategy" },
        { "alternate-exchange", 1, "1 is not a valid alternate exchange name" },
        { "delivery-limit", -1, "-1 is not a valid delivery limit" },
        { "queue-mode", "x", "<<\"x\">> is not a valid queue-mode value" },
        { "queue-version", 3, "3 is not a valid queue-version value" },
        { "ha-mode", "x", "<<\"x\">> is not a valid ha-mode value" },
        { "queue-leader-locator", "x", "<<\"x\">> is not a valid queue leader locator value" },
        { "ha-sync-mode", "manual", "ha-mode must be specified to specify ha-params, ha-sync-mode or "
            + "ha-promote-on-shutdown" },
        { "max-priority", 5, "[{<<\"max-priority\">>,5}] are not recognised policy settings" },
        { "foo", 1, "[{<<\"foo\">>,1}] are not recognised policy settings" },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void What_is_wrong_is_said_in_RabbitMQs_words(string key, FieldValue value, string fault) =>
        Assert.Equal(fault, PolicyKeys.FindFault([new(key, value)], isOperator: false));

    [Fact]
    public void All_unknown_keys_are_named_and_a_definition_says_something()
    {
        Assert.Equal(
            "[{<<\"bar\">>,<<\"x\">>},{<<\"foo\">>,1}] are not recognised policy settings",
            PolicyKeys.FindFault([new("foo", 1), new("max-length", -1), new("bar", "x")], isOperator: false));
        Assert.Equal("no policy provided", PolicyKeys.FindFault([], isOperator: false));
    }

    [Fact]
    public void An_operators_policy_limits_and_does_not_direct()
    {
        Assert.Null(PolicyKeys.FindFault([new("max-length", 1), new("overflow", "drop-head")], isOperator: true));
        Assert.Equal(
            "[{<<\"dead-letter-exchange\">>,<<\"x\">>}] are not recognised policy settings",
            PolicyKeys.FindFault([new("dead-letter-exchange", "x"), new("max-length", 1)], isOperator: true));
    }

    [Fact]
    public void What_a_type_does_not_know_makes_a_policy_unsuitable()
    {
        Assert.True(PolicyKeys.SuitQueues([new("max-length", 1)], QueueType.Classic));
        Assert.False(PolicyKeys.SuitQueues([new("max-length", 1), new("delivery-limit", 3)], QueueType.Classic));
        Assert.True(PolicyKeys.SuitQueues([new("max-length", 1), new("delivery-limit", 3)], QueueType.Quorum));
        Assert.False(PolicyKeys.SuitQueues([new("queue-mode", "lazy")], QueueType.Quorum));
        Assert.True(PolicyKeys.SuitQueues([new("alternate-exchange", "x")], QueueType.Quorum));
    }

    /// <summary>Every limit of the result is the least of those who have one, whatever they are.</summary>
    [Fact]
    public void Limits_end_as_the_least_of_operator_user_and_argument()
    {
        var random = new Random(20260);
        for (var round = 0; round < 2_000; round++)
        {
            var (user, operators) = (RandomDefinition(random), RandomDefinition(random));
            var arguments = RandomDefinition(random);
            FieldTable declared = [.. arguments.Select(field => KeyValuePair.Create($"x-{field.Key}", field.Value))];
            var merged = PolicyKeys.Merge(user, operators);
            var settings = QueueArguments.Under(Queue(declared), merged);

            foreach (var key in LimitKeys) Assert.Equal(Least(user, operators, key), Number(merged, key));
            Assert.Equal(Least(merged, arguments, "message-ttl"), settings.MessageTtlMs);
            Assert.Equal(Least(merged, arguments, "expires"), settings.ExpiresMs);
            Assert.Equal(Least(merged, arguments, "max-length"), settings.LengthMax);
            Assert.Equal(Least(merged, arguments, "max-length-bytes"), settings.BytesMax);
            Assert.Equal(Text(operators) ?? Text(user), Text(merged));
            Assert.Equal(OverflowOf(Text(arguments) ?? Text(merged)), settings.Overflow);
            Assert.Equal(merged, PolicyKeys.Merge(merged, operators));
        }
    }

    [Theory]
    [InlineData(-1L, 5L, 5L)]
    [InlineData(7L, 5L, 5L)]
    [InlineData(3L, 5L, 3L)]
    [InlineData(null, 5L, 5L)]
    public void The_least_limit_of_deliveries_counts_and_a_negative_one_is_none(
        long? declared, long policy, long? limit)
    {
        FieldTable arguments = [new("x-queue-type", "quorum")];
        if (declared is { } number) arguments = arguments.With("x-delivery-limit", number);
        Assert.Equal(limit, QueueArguments.Under(Queue(arguments), [new("delivery-limit", policy)]).DeliveryLimit);
    }

    [Fact]
    public void Directions_of_a_declaration_count_more_than_a_policys()
    {
        FieldTable policy = [new("dead-letter-exchange", "theirs"), new("dead-letter-routing-key", "k")];
        var declared = QueueArguments.Under(Queue([new("x-dead-letter-exchange", "mine")]), policy);
        Assert.Equal(("mine", "k"), (declared.DeadLetterExchange, declared.DeadLetterRoutingKey));
        var undeclared = QueueArguments.Under(Queue([]), policy);
        Assert.Equal(("theirs", "k"), (undeclared.DeadLetterExchange, undeclared.DeadLetterRoutingKey));
    }

    [Fact]
    public void At_least_once_needs_what_both_say_together()
    {
        FieldTable arguments =
        [
            new("x-queue-type", "quorum"), new("x-dead-letter-strategy", "at-least-once"),
            new("x-dead-letter-exchange", "x"),
        ];
        Assert.Equal(DeadLetterStrategy.AtMostOnce, QueueArguments.Under(Queue(arguments), []).DeadLetterStrategy);
        Assert.Equal(
            DeadLetterStrategy.AtLeastOnce,
            QueueArguments.Under(Queue(arguments), [new("overflow", "reject-publish")]).DeadLetterStrategy);
    }

    private static QueueDefinition Queue(FieldTable arguments)
    {
        Assert.Null(QueueArguments.Parse(
            "q", "/", new QueueFlags(Durable: true, Exclusive: false, AutoDelete: false), arguments, out var settings));
        return new QueueDefinition(1, "q", true, false, 0, false, arguments, settings);
    }

    private static FieldTable RandomDefinition(Random random)
    {
        var table = FieldTable.Empty;
        foreach (var key in LimitKeys)
        {
            if (random.Next(2) == 0) table = table.With(key, random.NextInt64(1, 10));
        }

        return random.Next(2) == 0 ? table : table.With("overflow", Overflows[random.Next(Overflows.Length)]);
    }

    private static long? Number(FieldTable table, string key) => table.TryGetInt64(key, out var value) ? value : null;

    private static string? Text(FieldTable table) => table.TryGetString("overflow", out var text) ? text : null;

    private static long? Least(FieldTable one, FieldTable other, string key) =>
        Number(one, key) is { } x && Number(other, key) is { } y
            ? Math.Min(x, y)
            : Number(one, key) ?? Number(other, key);

    private static OverflowPolicy OverflowOf(string? text) => text switch
    {
        "reject-publish" => OverflowPolicy.RejectPublish,
        "reject-publish-dlx" => OverflowPolicy.RejectPublishDeadLetter,
        _ => OverflowPolicy.DropHead,
    };
}
