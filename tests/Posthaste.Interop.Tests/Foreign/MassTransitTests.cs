using System.Collections.Concurrent;
using MassTransit;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Foreign;

public sealed record OrderPlaced(Guid OrderId);

public sealed record PriceRequest(string Article);

public sealed record PriceReply(string Article, decimal Price);

public sealed record NobodyHandlesThis(int Number);

/// <summary>
/// MassTransit on its RabbitMQ transport: topology, request and response, retries, error and skipped queues. The
/// exchanges that it declares for message types stay behind, as they do in service.
/// </summary>
public sealed class MassTransitTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task Every_subscriber_gets_what_is_published()
    {
        var received = new ConcurrentDictionary<string, Guid>();
        string[] services = ["payment", "inventory", "notification"];
        await using BusHandle bus = await StartAsync(configure =>
        {
            foreach (string service in services)
            {
                configure.ReceiveEndpoint(Endpoint(service), endpoint => endpoint.Handler<OrderPlaced>(context =>
                {
                    received[service] = context.Message.OrderId;
                    return Task.CompletedTask;
                }));
            }
        });
        Guid order = Guid.NewGuid();
        await bus.Control.Publish(new OrderPlaced(order));
        await Wait.UntilAsync("three subscribers", () => Task.FromResult(received.Count == 3));
        Assert.All(services, service => Assert.Equal(order, received[service]));
    }

    [BrokerFact]
    public async Task A_request_gets_its_response()
    {
        await using BusHandle bus = await StartAsync(configure => configure.ReceiveEndpoint(Endpoint("prices"),
            endpoint => endpoint.Handler<PriceRequest>(context =>
                context.RespondAsync(new PriceReply(context.Message.Article, 9.5m)))));
        IRequestClient<PriceRequest> client = bus.Control.CreateRequestClient<PriceRequest>(
            new Uri($"queue:{Endpoint("prices")}"), RequestTimeout.After(s: 20));
        Response<PriceReply> reply = await client.GetResponse<PriceReply>(new PriceRequest("stamp"));
        Assert.Equal(new PriceReply("stamp", 9.5m), reply.Message);
    }

    [BrokerFact]
    public async Task A_failing_request_reports_its_fault()
    {
        await using BusHandle bus = await StartAsync(configure => configure.ReceiveEndpoint(Endpoint("faulty"),
            endpoint => endpoint.Handler<PriceRequest>(_ => throw new InvalidOperationException("out of stock"))));
        Track(TrackExchange(Endpoint("faulty") + "_error"));
        IRequestClient<PriceRequest> client = bus.Control.CreateRequestClient<PriceRequest>(
            new Uri($"queue:{Endpoint("faulty")}"), RequestTimeout.After(s: 20));
        var fault = await Assert.ThrowsAsync<RequestFaultException>(
            () => client.GetResponse<PriceReply>(new PriceRequest("stamp")));
        Assert.Equal("out of stock", fault.Fault!.Exceptions.Single().Message);
    }

    [BrokerFact]
    public async Task A_message_is_retried_and_then_moved_to_the_error_queue()
    {
        int attemptCount = 0;
        await using BusHandle bus = await StartEndpointAsync("retried", endpoint =>
        {
            endpoint.UseMessageRetry(retry => retry.Immediate(3));
            endpoint.Handler<OrderPlaced>(_ =>
            {
                Interlocked.Increment(ref attemptCount);
                throw new InvalidOperationException("never works");
            });
        });
        string errors = Track(TrackExchange(Endpoint("retried") + "_error"));
        ISendEndpoint endpoint = await bus.Control.GetSendEndpoint(new Uri($"queue:{Endpoint("retried")}"));
        await endpoint.Send(new OrderPlaced(Guid.NewGuid()));
        await Wait.UntilAsync("the error queue", () => HasMessageAsync(errors));
        var message = await GetAsync(errors);
        Assert.Equal(4, attemptCount);
        Assert.Equal("never works", RabbitMqClient.Death.Text(message.BasicProperties, "MT-Fault-Message"));
    }

    [BrokerFact]
    public async Task A_message_that_nobody_handles_is_moved_to_the_skipped_queue()
    {
        await using BusHandle bus = await StartAsync(configure => configure.ReceiveEndpoint(Endpoint("picky"),
            endpoint => endpoint.Handler<OrderPlaced>(_ => Task.CompletedTask)));
        string skipped = Track(TrackExchange(Endpoint("picky") + "_skipped"));
        ISendEndpoint endpoint = await bus.Control.GetSendEndpoint(new Uri($"queue:{Endpoint("picky")}"));
        await endpoint.Send(new NobodyHandlesThis(1));
        await Wait.UntilAsync("the skipped queue", () => HasMessageAsync(skipped));
    }

    [BrokerFact]
    public async Task A_quorum_queue_serves_an_endpoint()
    {
        var received = new TaskCompletionSource<Guid>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using BusHandle bus = await StartEndpointAsync("quorum", endpoint =>
        {
            endpoint.SetQuorumQueue();
            endpoint.Handler<OrderPlaced>(context =>
            {
                received.TrySetResult(context.Message.OrderId);
                return Task.CompletedTask;
            });
        });
        Guid order = Guid.NewGuid();
        ISendEndpoint endpoint = await bus.Control.GetSendEndpoint(new Uri($"exchange:{Endpoint("quorum")}"));
        await endpoint.Send(new OrderPlaced(order));
        Assert.Equal(order, await Wait.ForAsync("the message", received.Task));
    }

    [BrokerFact]
    public async Task Hundreds_of_messages_are_handled_once_each()
    {
        const int Count = 500;
        var received = new ConcurrentDictionary<Guid, int>();
        await using BusHandle bus = await StartEndpointAsync("many", endpoint =>
        {
            endpoint.PrefetchCount = 32;
            endpoint.Handler<OrderPlaced>(context =>
            {
                received.AddOrUpdate(context.Message.OrderId, 1, (_, count) => count + 1);
                return Task.CompletedTask;
            });
        });
        ISendEndpoint endpoint = await bus.Control.GetSendEndpoint(new Uri($"queue:{Endpoint("many")}"));
        await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => endpoint.Send(new OrderPlaced(Guid.NewGuid()))));
        await Wait.UntilAsync("every message", () => Task.FromResult(received.Count == Count));
        Assert.All(received.Values, count => Assert.Equal(1, count));
    }

    /// <summary>The name of an endpoint, which is the name of its queue and of the exchange before it.</summary>
    private string Endpoint(string service) => Track(TrackExchange(Name(service)));

    /// <summary>Whether the queue holds a message; MassTransit declares it only when it needs it.</summary>
    private async Task<bool> HasMessageAsync(string queue)
    {
        await using var probe = await ChannelAsync();
        try
        {
            return (await probe.QueueDeclarePassiveAsync(queue)).MessageCount > 0;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException missing)
            when (missing.ShutdownReason?.ReplyCode == 404)
        {
            return false;
        }
    }

    private Task<BusHandle> StartEndpointAsync(
        string service, Action<IRabbitMqReceiveEndpointConfigurator> configureEndpoint) =>
        StartAsync(configure => configure.ReceiveEndpoint(Endpoint(service), configureEndpoint));

    private async Task<BusHandle> StartAsync(Action<IRabbitMqBusFactoryConfigurator> configureEndpoints)
    {
        IBusControl bus = Bus.Factory.CreateUsingRabbitMq(configure =>
        {
            configure.Host(Broker.Host, (ushort)Broker.Port, "/", host =>
            {
                host.Username("guest");
                host.Password("guest");
            });
            configureEndpoints(configure);
        });
        await bus.StartAsync(TestContext.Current.CancellationToken);
        return new BusHandle(bus);
    }

    private sealed class BusHandle(IBusControl control) : IAsyncDisposable
    {
        public IBusControl Control => control;

        public async ValueTask DisposeAsync() => await control.StopAsync(TimeSpan.FromSeconds(20));
    }
}
