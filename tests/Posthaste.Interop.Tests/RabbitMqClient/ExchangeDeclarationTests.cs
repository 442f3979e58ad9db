using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Interop.Tests.Wire;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class ExchangeDeclarationTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerTheory]
    [InlineData("amq.direct", "direct")]
    [InlineData("amq.fanout", "fanout")]
    [InlineData("amq.topic", "topic")]
    [InlineData("amq.headers", "headers")]
    [InlineData("amq.match", "headers")]
    public async Task Predeclared_exchanges_exist_and_may_be_declared_as_they_are(string name, string type)
    {
        await Channel.ExchangeDeclarePassiveAsync(name);
        await Channel.ExchangeDeclareAsync(name, type, durable: true);
    }

    [BrokerTheory]
    [InlineData("direct")]
    [InlineData("fanout")]
    [InlineData("topic")]
    [InlineData("headers")]
    public async Task Every_type_is_declared_and_declared_again(string type)
    {
        string name = await ExchangeAsync(type, type);
        await Channel.ExchangeDeclareAsync(name, type, durable: true);
        await Channel.ExchangeDeclarePassiveAsync(name);
    }

    [BrokerFact]
    public async Task Passive_declare_of_a_missing_exchange_is_404()
    {
        string name = Name("missing");
        await RefusedAsync(404, $"NOT_FOUND - no exchange '{name}' in vhost '/'",
            () => Channel.ExchangeDeclarePassiveAsync(name));
    }

    [BrokerTheory]
    [InlineData("type", "fanout", true, false, "received 'fanout' but current is 'direct'")]
    [InlineData("durable", "direct", false, false, "received 'false' but current is 'true'")]
    [InlineData("auto_delete", "direct", true, true, "received 'true' but current is 'false'")]
    public async Task A_different_declaration_is_406(
        string argument, string type, bool durable, bool autoDelete, string difference)
    {
        string name = await ExchangeAsync("direct");
        await RefusedAsync(406,
            $"PRECONDITION_FAILED - inequivalent arg '{argument}' for exchange '{name}' in vhost '/': {difference}",
            () => Channel.ExchangeDeclareAsync(name, type, durable, autoDelete));
    }

    [BrokerFact]
    public async Task A_different_alternate_exchange_is_406()
    {
        string name = await ExchangeAsync("direct", "exchange", ("alternate-exchange", "amq.fanout"));
        await RefusedAsync(406,
            $"PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange '{name}' in vhost '/': "
            + "received none but current is the value 'amq.fanout' of type 'longstr'",
            () => Channel.ExchangeDeclareAsync(name, "direct", durable: true));
    }

    [BrokerFact]
    public async Task An_unknown_type_is_406()
    {
        Broker.SkipOnRabbitMqBefore("4.0", "an unknown exchange type was the connection error 503 COMMAND_INVALID");
        await RefusedAsync(406, "PRECONDITION_FAILED - unknown exchange type 'x-unknown'",
            () => Channel.ExchangeDeclareAsync(Name("unknown"), "x-unknown"));
    }

    [BrokerFact]
    public async Task Names_with_the_reserved_prefix_are_403()
    {
        await RefusedAsync(403, "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
            () => Channel.ExchangeDeclareAsync("amq.mine", "direct"));
    }

    [BrokerFact]
    public async Task The_default_exchange_cannot_be_declared()
    {
        await RefusedAsync(403, "ACCESS_REFUSED - operation not permitted on the default exchange",
            () => Channel.ExchangeDeclareAsync("", "direct", durable: true));
    }

    [BrokerFact]
    public async Task The_default_exchange_cannot_be_deleted()
    {
        await RefusedAsync(403, "ACCESS_REFUSED - operation not permitted on the default exchange",
            () => Channel.ExchangeDeleteAsync(""));
    }

    [BrokerFact]
    public async Task Predeclared_exchanges_cannot_be_deleted()
    {
        await RefusedAsync(403, "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not allowed",
            () => Channel.ExchangeDeleteAsync("amq.direct"));
    }

    [BrokerFact]
    public async Task Deleting_a_missing_exchange_succeeds()
    {
        await Channel.ExchangeDeleteAsync(Name("missing"));
        Assert.True(Channel.IsOpen);
    }

    [BrokerFact]
    public async Task If_unused_protects_an_exchange_with_bindings()
    {
        string exchange = await ExchangeAsync("direct");
        string queue = await QueueAsync();
        await Channel.QueueBindAsync(queue, exchange, "key");
        await using IChannel other = await ChannelAsync();
        await RefusedAsync(406, $"PRECONDITION_FAILED - exchange '{exchange}' in vhost '/' in use",
            () => other.ExchangeDeleteAsync(exchange, ifUnused: true));
        await Channel.QueueUnbindAsync(queue, exchange, "key");
        await Channel.ExchangeDeleteAsync(exchange, ifUnused: true);
    }

    [BrokerFact]
    public async Task An_auto_delete_exchange_goes_with_its_last_binding()
    {
        string exchange = TrackExchange(Name("auto"));
        await Channel.ExchangeDeclareAsync(exchange, "fanout", durable: false, autoDelete: true);
        string first = await QueueAsync("first");
        string second = await QueueAsync("second");
        await Channel.QueueBindAsync(first, exchange, "");
        await Channel.QueueBindAsync(second, exchange, "");
        await Channel.QueueUnbindAsync(first, exchange, "");
        await Channel.ExchangeDeclarePassiveAsync(exchange);
        await Channel.QueueDeleteAsync(second);
        await RefusedAsync(404, $"NOT_FOUND - no exchange '{exchange}' in vhost '/'",
            () => Channel.ExchangeDeclarePassiveAsync(exchange));
    }

    [BrokerFact]
    public async Task Deleting_an_exchange_removes_its_bindings()
    {
        string exchange = await ExchangeAsync("fanout");
        string queue = await QueueAsync();
        await Channel.QueueBindAsync(queue, exchange, "");
        await Channel.ExchangeDeleteAsync(exchange);
        await Channel.ExchangeDeclareAsync(exchange, "fanout", durable: true);
        await PublishAsync(exchange, "", "unrouted");
        Assert.Equal(0u, await Channel.MessageCountAsync(queue));
    }

    [BrokerFact]
    public async Task Publishing_to_a_missing_exchange_closes_the_channel_with_404()
    {
        string name = Name("missing");
        await ClosesChannelAsync(Channel, 404, $"NOT_FOUND - no exchange '{name}' in vhost '/'",
            async () => await Channel.BasicPublishAsync(name, "", new byte[1]));
    }

    [BrokerFact]
    public async Task Publishing_to_an_internal_exchange_closes_the_channel_with_403()
    {
        string name = TrackExchange(Name("internal"));
        await using WireClient wire = await WireClient.OpenAsync(Broker);
        await wire.DeclareInternalExchangeAsync(name, "fanout");
        await ClosesChannelAsync(Channel, 403,
            $"ACCESS_REFUSED - cannot publish to internal exchange '{name}' in vhost '/'",
            async () => await Channel.BasicPublishAsync(name, "", new byte[1]));
    }

    [BrokerFact]
    public async Task Line_breaks_are_stripped_from_names()
    {
        string name = TrackExchange(Name("broken"));
        await Channel.ExchangeDeclareAsync(name.Replace("broken", "bro\r\nken"), "direct");
        await Channel.ExchangeDeclarePassiveAsync(name);
    }

    [BrokerFact]
    public async Task Declaring_without_waiting_takes_effect_before_the_next_method()
    {
        string name = TrackExchange(Name("nowait"));
        await Channel.ExchangeDeclareAsync(name, "direct", durable: true, autoDelete: false, noWait: true);
        await Channel.ExchangeDeclarePassiveAsync(name);
        await Channel.ExchangeDeleteAsync(name, noWait: true);
        await RefusedAsync(404, $"NOT_FOUND - no exchange '{name}' in vhost '/'",
            () => Channel.ExchangeDeclarePassiveAsync(name));
    }
}
