using Posthaste.CrashLoop.Ledger;
using RabbitMQ.Client;

namespace Posthaste.CrashLoop.Clients;

/// <summary>
/// Acknowledges one by one or many at once, returns some, keeps some unsettled until the connection ends, and rejects
/// what <see cref="Topology.IsRejected"/> names where that is its kind.
/// </summary>
internal sealed class ManualConsumer(QueueSpec spec, Life life, int seed) : QueueConsumer(spec, life)
{
    private const int HeldMax = QueueSpec.Prefetch / 4;
    private const double ReturnShare = 0.03;
    private const double HoldShare = 0.03;
    private const double MultipleShare = 0.05;

    private readonly QueueSpec _spec = spec;
    private readonly Random _random = new(seed);
    private readonly List<Payload> _held = [];

    protected override async Task SettleAsync(IChannel channel, ulong tag, Payload message, bool redelivered)
    {
        double chance = Life.IsDraining ? 1 : _random.NextDouble();
        if (_spec.Kind == ConsumerKind.Rejecting && Topology.IsRejected(message.Sequence))
        {
            if (await TrySendAsync(channel.BasicRejectAsync(tag, requeue: false)))
                Queue.Settle(message, Fate.Settled);
        }
        else if (chance < ReturnShare && !redelivered)
        {
            await TrySendAsync(channel.BasicNackAsync(tag, multiple: false, requeue: true));
        }
        else if (chance < ReturnShare + HoldShare && _held.Count < HeldMax)
        {
            _held.Add(message);
        }
        else
        {
            bool isMultiple = chance > 1 - MultipleShare;
            if (!await TrySendAsync(channel.BasicAckAsync(tag, isMultiple)))
                return;
            Queue.Settle(message, Fate.Settled);
            if (isMultiple)
                SettleHeld();
        }
    }

    private void SettleHeld()
    {
        foreach (Payload message in _held)
            Queue.Settle(message, Fate.Settled);
        _held.Clear();
    }
}
