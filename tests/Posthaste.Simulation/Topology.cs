using Posthaste.Primitives;
using Posthaste.Simulation.Model;

namespace Posthaste.Simulation;

/// <summary>Makes up queues.</summary>
internal static class Topology
{
    public const int QueuesMax = 5;

    /// <summary>Where MQTT clients publish, each to a topic of its own below.</summary>
    public const string MqttTopics = "sim";

    /// <summary>A queue of random kind, and the one for its dead letters if it has one, which comes first.</summary>
    public static IReadOnlyList<ModelQueue> MakeQueue(string name, SeededRandom random)
    {
        var isQuorum = random.Chance(0.3);
        var limit = random.Below(5);
        var rejects = limit == 0 && random.Chance(0.5);
        var dead = random.Chance(0.5) ? new ModelQueue($"{name}.dead") { IsForDeadLetters = true } : null;
        var queue = new ModelQueue(name)
        {
            IsQuorum = isQuorum,
            IsDurable = isQuorum || random.Chance(0.75),
            LengthMax = limit == 0 ? random.Between(5, 400) : null,
            RejectsPublish = rejects,
            TtlMs = limit == 1 ? random.Between(10, 20_000) : null,
            DeliveryLimit = isQuorum && random.Chance(0.5) ? random.Between(0, 3) : null,
            PriorityMax = random.Chance(0.2) ? (byte)random.Between(1, 5) : (byte)0,
            IsSingleActive = random.Chance(0.15),
            DeadLetters = dead,
            IsAtLeastOnce = dead is not null && isQuorum && rejects && random.Chance(0.7),
        };
        return dead is null ? [queue] : [dead, queue];
    }
}
