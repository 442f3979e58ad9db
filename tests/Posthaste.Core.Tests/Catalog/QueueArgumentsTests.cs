using Posthaste.Core.Catalog;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;
using static Posthaste.Core.Tests.Catalog.TestCatalog;

namespace Posthaste.Core.Tests.Catalog;

public sealed class QueueArgumentsTests
{
    private static readonly QueueFlags Durable = new(Durable: true, Exclusive: false, AutoDelete: false);

    public static TheoryData<string, FieldValue, string> Invalid => new()
    {
        { "x-message-ttl", -1, "{value_negative,-1}" },
        { "x-message-ttl", "5", "\"expected integer, got longstr\"" },
        { "x-expires", 0, "{value_zero,0}" },
        { "x-expires", -7L, "{value_negative,-7}" },
        { "x-max-length", -1, "{value_negative,-1}" },
        { "x-max-length-bytes", true, "\"expected integer, got bool\"" },
        { "x-max-priority", 256, "{max_value_exceeded,256}" },
        { "x-max-priority", -1, "{value_negative,-1}" },
        { "x-overflow", "drop-tail", "invalid_overflow" },
        { "x-overflow", 1, "{unacceptable_type,signedint}" },
        { "x-single-active-consumer", 1L, "{unacceptable_type,long}" },
        { "x-queue-type", "fifo", "\"unsupported queue type 'fifo'\"" },
        { "x-queue-type", 1, "{unacceptable_type,signedint}" },
        { "x-queue-mode", "eager", "\"unsupported queue mode 'eager'\"" },
        { "x-queue-version", 3, "\"unsupported queue version '3'\"" },
        { "x-dead-letter-routing-key", "k", "routing_key_but_no_dlx_defined" },
        { "x-dead-letter-routing-key", 1, "{unacceptable_type,signedint}" },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Invalid_values_are_refused_in_RabbitMQs_words(string name, FieldValue value, string fault)
    {
        var error = Parse(out _, [new(name, value)]);
        Assert.Equal(
            new CatalogError(
                CatalogErrorCode.PreconditionFailed, $"invalid arg '{name}' for queue 'q' in vhost '/': {fault}"),
            error);
    }

    [Fact]
    public void A_dead_letter_exchange_that_is_no_string_has_words_of_its_own()
    {
        var error = Parse(out _, [new("x-dead-letter-exchange", 1)]);
        Assert.Equal(
            "invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'", error?.Text);
    }

    [Fact]
    public void Streams_are_known_and_not_supported() =>
        Assert.Equal(CatalogErrorCode.NotImplemented, Parse(out _, [new("x-queue-type", "stream")])?.Code);

    [Theory]
    [InlineData("disabled", DelayedRetry.Disabled)]
    [InlineData("all", DelayedRetry.All)]
    [InlineData("failed", DelayedRetry.Failed)]
    [InlineData("returned", DelayedRetry.Returned)]
    public void Delayed_retries_wait_no_longer_than_the_minimum_unless_told(string type, DelayedRetry expected)
    {
        FieldTable arguments =
            [new("x-queue-type", "quorum"), new("x-delayed-retry-type", type), new("x-delayed-retry-min", 1_000)];
        Assert.Null(Parse(out var settings, arguments));
        Assert.Equal((expected, 1_000, 1_000), (settings.DelayedRetry, settings.RetryMinMs, settings.RetryMaxMs));
        Assert.Null(Parse(out settings, arguments.With("x-delayed-retry-max", 5_000)));
        Assert.Equal(5_000, settings.RetryMaxMs);
    }

    [Fact]
    public void Deduplication_is_not_supported_and_said_so()
    {
        Assert.Equal(
            CatalogErrorCode.NotImplemented, Parse(out _, [new("x-message-deduplication", true)])?.Code);
        Assert.Null(Parse(out _, [new("x-message-deduplication", false)]));
    }

    [Fact]
    public void The_consumer_timeout_is_the_brokers_unless_said()
    {
        Assert.Null(Parse(out var none, []));
        Assert.Null(Parse(out var own, [new("x-consumer-timeout", 5_000)]));
        Assert.Equal((null, 5_000L), (none.ConsumerTimeoutMs, own.ConsumerTimeoutMs));
    }

    [Theory]
    [InlineData("classic", "x-delivery-limit", "rabbit_classic_queue")]
    [InlineData("classic", "x-delayed-retry-type", "rabbit_classic_queue")]
    [InlineData("classic", "x-max-age", "rabbit_classic_queue")]
    [InlineData("quorum", "x-max-priority", "rabbit_quorum_queue")]
    [InlineData("quorum", "x-initial-cluster-size", "rabbit_quorum_queue")]
    public void Arguments_of_other_queue_types_are_refused(string type, string name, string module)
    {
        var error = Parse(out _, [new("x-queue-type", type), new(name, 5)]);
        Assert.Equal($"invalid arg '{name}' for queue 'q' in vhost '/' of queue type {module}", error?.Text);
    }

    [Theory]
    [InlineData(false, false, false, "non-durable")]
    [InlineData(true, true, false, "exclusive-owner")]
    [InlineData(true, false, true, "auto-delete")]
    public void Quorum_queues_are_durable_shared_and_stay(
        bool durable, bool exclusive, bool autoDelete, string property)
    {
        var error = QueueArguments.Parse(
            "q", "/", new(durable, exclusive, autoDelete), [new("x-queue-type", "quorum")], out _);
        Assert.Equal($"invalid property '{property}' for queue 'q' in vhost '/'", error?.Text);
    }

    [Fact]
    public void Without_arguments_a_queue_is_a_plain_classic_one()
    {
        Assert.Null(QueueArguments.Parse("q", "/", Durable, FieldTable.Empty, out var settings));
        Assert.Equal(new QueueSettings(), settings);
    }

    [Fact]
    public void Every_argument_of_a_classic_queue_takes_effect()
    {
        var error = Parse(
            out var settings,
            [
                new("x-queue-type", "classic"), new("x-message-ttl", FieldValue.Integer(FieldType.UInt16, 60_000)),
                new("x-expires", 1L), new("x-max-length", 10), new("x-max-length-bytes", 1L << 40),
                new("x-overflow", "reject-publish-dlx"), new("x-dead-letter-exchange", ""),
                new("x-dead-letter-routing-key", "dead"),
                new("x-max-priority", 255), new("x-single-active-consumer", true),
            ]);
        Assert.Null(error);
        Assert.Equal(
            new QueueSettings
            {
                MessageTtlMs = 60_000,
                ExpiresMs = 1,
                LengthMax = 10,
                BytesMax = 1L << 40,
                Overflow = OverflowPolicy.RejectPublishDeadLetter,
                DeadLetterExchange = "",
                DeadLetterRoutingKey = "dead",
                PriorityMax = 255,
                SingleActiveConsumer = true,
            },
            settings);
    }

    [Theory]
    [InlineData(null, 20L)]
    [InlineData(3L, 3L)]
    [InlineData(0L, 0L)]
    [InlineData(-1L, null)]
    public void Quorum_queues_have_a_delivery_limit_and_priorities(long? argument, long? expected)
    {
        FieldTable arguments = [new("x-queue-type", "quorum")];
        if (argument is { } value)
            arguments = arguments.With("x-delivery-limit", value);
        Assert.Null(QueueArguments.Parse("q", "/", Durable, arguments, out var settings));
        Assert.Equal(
            new QueueSettings { Type = QueueType.Quorum, DeliveryLimit = expected, PriorityMax = 31 }, settings);
    }

    [Theory]
    [InlineData("reject-publish", true, DeadLetterStrategy.AtLeastOnce)]
    [InlineData("drop-head", true, DeadLetterStrategy.AtMostOnce)]
    [InlineData("reject-publish", false, DeadLetterStrategy.AtMostOnce)]
    public void At_least_once_needs_an_exchange_and_reject_publish(
        string overflow, bool hasExchange, DeadLetterStrategy expected)
    {
        FieldTable arguments =
        [
            new("x-queue-type", "quorum"), new("x-dead-letter-strategy", "at-least-once"), new("x-overflow", overflow),
        ];
        if (hasExchange)
            arguments = arguments.With("x-dead-letter-exchange", "dlx");
        Assert.Null(QueueArguments.Parse("q", "/", Durable, arguments, out var settings));
        Assert.Equal(expected, settings.DeadLetterStrategy);
    }

    [Fact]
    public void Times_too_long_to_add_to_a_clock_mean_never()
    {
        Assert.Null(Parse(out var settings, [new("x-message-ttl", long.MaxValue), new("x-expires", (1L << 46) + 1)]));
        Assert.Null(settings.MessageTtlMs);
        Assert.Null(settings.ExpiresMs);
        Assert.Null(Parse(out settings, [new("x-message-ttl", 1L << 46)]));
        Assert.Equal(1L << 46, settings.MessageTtlMs);
    }

    [Fact]
    public void Legacy_and_unknown_arguments_change_nothing()
    {
        var error = Parse(
            out var settings,
            [
                new("x-queue-mode", "lazy"), new("x-queue-version", 2), new("x-queue-master-locator", "min-masters"),
                new("x-max-in-memory-length", 5), new("x-max-in-memory-bytes", 5),
                new("x-queue-leader-locator", "balanced"), new("x-from-the-future", FieldValue.Void),
                new("note", "mine"),
            ]);
        Assert.Null(error);
        Assert.Equal(new QueueSettings(), settings);
    }

    [Fact]
    public void Equal_arguments_and_settings_are_shared_between_queues()
    {
        var catalog = new TestCatalog();
        var a = Done(catalog.Queue("a", [new("x-max-length", 5)])).Queue!.Definition;
        var b = Done(catalog.Queue("b", [new("x-max-length", 5)])).Queue!.Definition;
        Assert.Same(a.Arguments, b.Arguments);
        Assert.Same(a.Settings, b.Settings);
    }

    private static CatalogError? Parse(out QueueSettings settings, FieldTable arguments) =>
        QueueArguments.Parse("q", "/", Durable, arguments, out settings);
}
