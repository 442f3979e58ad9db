using Posthaste.CrashLoop.Ledger;
using RabbitMQ.Client;

namespace Posthaste.CrashLoop.Clients;

/// <summary>
/// Acknowledges in transactions; where its kind is to forward, the same transaction publishes each message to
/// <see cref="Topology.Outbox"/>. What it committed must never come back, and what it forwarded is there once.
/// </summary>
internal sealed class CommittingConsumer(QueueSpec spec, Life life) : QueueConsumer(spec, life)
{
    private const int TransactionLength = 8;

    private readonly QueueSpec _spec = spec;
    private readonly List<Payload> _open = [];

    protected override Task PrepareAsync(IChannel channel) => channel.TxSelectAsync();

    protected override async Task SettleAsync(IChannel channel, ulong tag, Payload message, bool redelivered)
    {
        if (_spec.Kind == ConsumerKind.Forwarding)
        {
            byte[] body = (message with { Attempt = Ledger.NextAttempt() }).Encode();
            var properties = new BasicProperties { Persistent = true };
            await channel.BasicPublishAsync("", Topology.Outbox.Name, false, properties, body);
        }
        await channel.BasicAckAsync(tag, multiple: false);
        _open.Add(message);
        // Nothing may be left open when the queue runs empty at the end.
        if (_open.Count < (Life.IsDraining ? 1 : TransactionLength))
            return;
        // From here on the broker may have it, whether or not its answer arrives.
        foreach (Payload settled in _open)
            Queue.Settle(settled, Fate.Settled);
        await channel.TxCommitAsync();
        foreach (Payload settled in _open)
            Queue.Settle(settled, Fate.SettledForGood);
        _open.Clear();
        Ledger.CountCommit();
    }
}
