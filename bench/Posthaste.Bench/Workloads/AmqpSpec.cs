namespace Posthaste.Bench.Workloads;

/// <summary>How messages get from the publishers to the queues.</summary>
internal enum Routing
{
    /// <summary>Publisher i publishes to queue i through the default exchange.</summary>
    Direct,

    /// <summary>One fanout exchange, every queue bound to it.</summary>
    Fanout,

    /// <summary>
    /// One topic exchange, ten wildcard bindings a queue; each message matches exactly one of all bindings.
    /// </summary>
    Topic,
}

/// <summary>A flow of AMQP 0-9-1.</summary>
internal sealed record AmqpSpec
{
    public required int BodyBytes { get; init; }

    /// <summary>
    /// Durable queues, persistent messages, confirms, manual acknowledgement; otherwise none of them.
    /// </summary>
    public bool Persistent { get; init; }

    /// <summary>The x-queue-type argument, or null for the broker's default.</summary>
    public string? QueueType { get; init; }

    public Routing Routing { get; init; } = Routing.Direct;

    public int Publishers { get; init; } = 1;

    public int Queues { get; init; } = 1;

    /// <summary>Whether all queues are consumed through one connection, or each through its own.</summary>
    public bool OneConsumerConnection { get; init; }

    public int DeliveriesPerMessage => Routing == Routing.Fanout ? Queues : 1;
}
