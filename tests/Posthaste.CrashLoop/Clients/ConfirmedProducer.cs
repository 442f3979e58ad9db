using Posthaste.CrashLoop.Ledger;
using RabbitMQ.Client;

namespace Posthaste.CrashLoop.Clients;

/// <summary>Publishes a flow with confirms, as fast as a window of unconfirmed messages allows.</summary>
internal sealed class ConfirmedProducer(Flow flow, Life life) : AmqpLoadClient($"producer {flow.Name}", life)
{
    private const int UnconfirmedMax = 200;

    protected override async Task WorkAsync(IConnection connection)
    {
        IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, false));
        StreamLedger stream = Ledger.OpenStream(flow);
        using var window = new SemaphoreSlim(UnconfirmedMax);
        // The callbacks of one channel come one after the other.
        long confirmedBelow = 0;
        channel.BasicAcksAsync += (_, confirm) =>
        {
            // Delivery tags count from 1, sequences from 0.
            long last = (long)confirm.DeliveryTag - 1;
            int newCount = 0;
            for (long sequence = confirm.Multiple ? confirmedBelow : last; sequence <= last; sequence++)
            {
                if (!stream.Confirm(sequence))
                    continue;
                newCount++;
                Life.CountConfirm();
            }
            if (confirm.Multiple)
                confirmedBelow = last + 1;
            if (newCount > 0)
                window.Release(newCount);
            return Task.CompletedTask;
        };
        channel.BasicNacksAsync += (_, refused) =>
        {
            if (!Life.IsEnding)
                Ledger.Violations.Add(Promise.BrokerIsWell, $"{flow.Name}: publish {refused.DeliveryTag} was refused");
            return Task.CompletedTask;
        };
        while (!Life.Over.IsCancellationRequested && channel.IsOpen)
        {
            await window.WaitAsync(Life.Over);
            await Pace.WaitAsync(stream, Life.Over);
            await PublishAsync(channel, stream);
        }
    }

    private static async Task PublishAsync(IChannel channel, StreamLedger stream)
    {
        long sequence = stream.Next();
        Flow flow = stream.Flow;
        var properties = new BasicProperties
        {
            Persistent = !flow.IsTransient(sequence),
            Priority = (byte)flow.PriorityOf(sequence),
        };
        byte[] body = new Payload(stream.Id, 0, sequence).Encode();
        await channel.BasicPublishAsync(flow.Exchange, flow.Route(sequence).RoutingKey, false, properties, body);
    }
}
