namespace Posthaste.Bench.Brokers;

/// <summary>What a workload speaks with the broker.</summary>
internal enum Protocol
{
    Amqp,
    Mqtt,
    Stomp,
}
