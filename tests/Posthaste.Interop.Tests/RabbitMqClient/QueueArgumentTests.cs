using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class QueueArgumentTests(BrokerFixture broker) : BrokerTest(broker)
{
    public static TheoryData<string, object, string> Refused => new()
    {
        { "x-expires", 0, "{value_zero,0}" },
        { "x-expires", -1, "{value_negative,-1}" },
        { "x-message-ttl", -1, "{value_negative,-1}" },
        { "x-max-length", -1, "{value_negative,-1}" },
        { "x-max-length-bytes", -1, "{value_negative,-1}" },
        { "x-max-priority", -1, "{value_negative,-1}" },
        { "x-max-priority", 256, "{max_value_exceeded,256}" },
        { "x-dead-letter-routing-key", "key", "routing_key_but_no_dlx_defined" },
        { "x-overflow", "drop-tail", "invalid_overflow" },
    };

    public static TheoryData<string, object, string> RefusedByType => new()
    {
        { "x-message-ttl", "60000", "\"expected integer, got longstr\"" },
        { "x-expires", "60000", "\"expected integer, got longstr\"" },
        { "x-max-length", "5", "\"expected integer, got longstr\"" },
        { "x-max-priority", true, "\"expected integer, got bool\"" },
    };

    public static TheoryData<string, object> Accepted => new()
    {
        { "x-message-ttl", 0 },
        { "x-message-ttl", 1L },
        { "x-expires", 600_000 },
        { "x-max-length", 0 },
        { "x-max-length-bytes", 5_000_000_000L },
        { "x-max-priority", 255 },
        { "x-overflow", "drop-head" },
        { "x-overflow", "reject-publish" },
        { "x-overflow", "reject-publish-dlx" },
        { "x-dead-letter-exchange", "" },
        { "x-dead-letter-exchange", "declared.later" },
        { "x-single-active-consumer", true },
        { "x-queue-mode", "lazy" },
        { "x-queue-version", 2 },
        { "x-queue-master-locator", "min-masters" },
        { "x-queue-type", "classic" },
    };

    [BrokerTheory]
    [MemberData(nameof(Refused))]
    public Task A_value_out_of_range_is_406(string argument, object value, string error) =>
        RefusesAsync(argument, value, error);

    [BrokerTheory]
    [MemberData(nameof(RefusedByType))]
    public Task A_value_of_the_wrong_type_is_406(string argument, object value, string error)
    {
        Broker.SkipOnRabbitMqBefore("4.0", "the error of a wrong type was written {unacceptable_type,longstr}");
        return RefusesAsync(argument, value, error);
    }

    [BrokerTheory]
    [MemberData(nameof(Accepted))]
    public async Task A_documented_value_is_accepted(string argument, object value)
    {
        string queue = await QueueAsync("queue", (argument, value));
        await Channel.QueueDeclareAsync(queue, true, false, false, Table((argument, value)));
    }

    [BrokerFact]
    public async Task An_unknown_queue_type_is_406()
    {
        string queue = Name("queue");
        var refused = await Assert.ThrowsAsync<RabbitMQ.Client.Exceptions.OperationInterruptedException>(
            () => Channel.QueueDeclareAsync(queue, true, false, false, Table(("x-queue-type", "unheard-of"))));
        Assert.Equal(406, refused.ShutdownReason!.ReplyCode);
        Assert.StartsWith(
            $"PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue '{queue}' in vhost '/'",
            refused.ShutdownReason.ReplyText);
    }

    [BrokerTheory]
    [InlineData(false, false, "non-durable")]
    [InlineData(true, true, "exclusive-owner")]
    public async Task A_quorum_queue_is_durable_and_shared(bool durable, bool exclusive, string property)
    {
        string queue = Name("quorum");
        await RefusedAsync(406, $"PRECONDITION_FAILED - invalid property '{property}' for queue '{queue}' in vhost '/'",
            () => Channel.QueueDeclareAsync(queue, durable, exclusive, false, Table(("x-queue-type", "quorum"))));
    }

    [BrokerFact]
    public async Task A_quorum_queue_is_never_server_named()
    {
        Broker.SkipOnRabbitMqBefore("4.0", "the text named the implementing module");
        await RefusedAsync(406,
            "PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue",
            () => Channel.QueueDeclareAsync("", true, false, false, Table(("x-queue-type", "quorum"))));
    }

    [BrokerFact]
    public async Task A_quorum_queue_has_no_maximum_priority()
    {
        string queue = Name("quorum");
        var refused = await Assert.ThrowsAsync<RabbitMQ.Client.Exceptions.OperationInterruptedException>(
            () => Channel.QueueDeclareAsync(queue, true, false, false,
                Table(("x-queue-type", "quorum"), ("x-max-priority", 5))));
        Assert.Equal(406, refused.ShutdownReason!.ReplyCode);
        Assert.StartsWith(
            $"PRECONDITION_FAILED - invalid arg 'x-max-priority' for queue '{queue}' in vhost '/'",
            refused.ShutdownReason.ReplyText);
    }

    [BrokerFact]
    public async Task The_type_of_a_queue_cannot_be_changed()
    {
        string queue = await QueueAsync("queue", ("x-queue-type", "quorum"));
        await RefusedAsync(406,
            $"PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue '{queue}' in vhost '/': "
            + "received 'classic' but current is 'quorum'",
            () => Channel.QueueDeclareAsync(queue, true, false, false, Table(("x-queue-type", "classic"))));
    }

    private async Task RefusesAsync(string argument, object value, string error)
    {
        string queue = Name("queue");
        await RefusedAsync(406,
            $"PRECONDITION_FAILED - invalid arg '{argument}' for queue '{queue}' in vhost '/': {error}",
            () => Channel.QueueDeclareAsync(queue, true, false, false, Table((argument, value))));
    }
}
