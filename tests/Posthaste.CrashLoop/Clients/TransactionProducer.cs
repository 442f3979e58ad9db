using Posthaste.CrashLoop.Ledger;
using RabbitMQ.Client;

namespace Posthaste.CrashLoop.Clients;

/// <summary>Publishes a flow in transactions over several queues, and rolls some of them back.</summary>
internal sealed class TransactionProducer(Flow flow, Life life) : AmqpLoadClient($"producer {flow.Name}", life)
{
    protected override async Task WorkAsync(IConnection connection)
    {
        IChannel channel = await connection.CreateChannelAsync();
        await channel.TxSelectAsync();
        StreamLedger stream = Ledger.OpenStream(flow);
        while (!Life.Over.IsCancellationRequested && channel.IsOpen)
        {
            await Pace.WaitAsync(stream, Life.Over);
            long first = stream.SentCount;
            for (int i = 0; i < flow.TransactionLength; i++)
                await PublishAsync(channel, stream);
            if (stream.IsRolledBack(first))
            {
                await channel.TxRollbackAsync();
                stream.CountSeen(flow.TransactionLength);
                continue;
            }
            await channel.TxCommitAsync();
            for (int i = 0; i < flow.TransactionLength; i++)
            {
                stream.Confirm(first + i);
                Life.CountConfirm();
            }
            Ledger.CountCommit();
        }
    }

    private static ValueTask PublishAsync(IChannel channel, StreamLedger stream)
    {
        long sequence = stream.Next();
        var properties = new BasicProperties { Persistent = true };
        byte[] body = new Payload(stream.Id, 0, sequence).Encode();
        return channel.BasicPublishAsync("", stream.Flow.Route(sequence).RoutingKey, false, properties, body);
    }
}
