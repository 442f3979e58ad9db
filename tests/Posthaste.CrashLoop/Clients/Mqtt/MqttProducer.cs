using Posthaste.CrashLoop.Ledger;
using Posthaste.Testing;

namespace Posthaste.CrashLoop.Clients.Mqtt;

/// <summary>
/// Publishes a flow by MQTT with QoS 1 or 2 in a session that outlasts the broker: it begins with what an earlier life
/// left unfinished. While the queues are drained it does nothing else.
/// </summary>
internal sealed class MqttProducer(PublisherSession session, Life life)
    : LoadClient($"producer {session.Flow.Name}", life)
{
    private const int InFlightMax = 200;

    protected override async Task WorkAsync()
    {
        using MqttLink link = await MqttLink.ConnectAsync(Life.MqttPort, session.ClientId, isClean: false);
        if (session.HasPromise && !link.IsSessionPresent)
            Ledger.Violations.Add(Promise.ConfirmedIsKept, $"life {Life.Number}: {Name} found no session");
        using var window = new SemaphoreSlim(InFlightMax - session.InFlightCount);
        MqttPacket[] unfinished = session.Resume();
        Task receiving = ReceiveAsync(link, window);
        try
        {
            foreach (MqttPacket packet in unfinished)
                await link.SendAsync(packet);
            while (!Life.IsDraining && !Life.Over.IsCancellationRequested && !receiving.IsCompleted)
            {
                await window.WaitAsync(Life.Over);
                await Pace.WaitAsync(session.Stream, Life.Over);
                await link.SendAsync(session.Next());
            }
        }
        finally
        {
            await receiving;
        }
    }

    private async Task ReceiveAsync(MqttLink link, SemaphoreSlim window)
    {
        try
        {
            while (true)
            {
                MqttPacket answer = await link.ReadAsync(Life.Over);
                if (answer.Type is MqttPacketType.PubAck or MqttPacketType.PubRec && session.Confirm(answer.PacketId))
                    Life.CountConfirm();
                if (answer.Type == MqttPacketType.PubRec)
                {
                    await link.SendAsync(MqttPacket.Answer(MqttPacketType.PubRel, answer.PacketId));
                    continue;
                }
                if (answer.Type != (session.Flow.MqttQoS == 1 ? MqttPacketType.PubAck : MqttPacketType.PubComp))
                    throw new InvalidDataException($"not an answer: {answer.Type}");
                session.Complete(answer.PacketId);
                window.Release();
            }
        }
        catch (Exception exception)
        {
            Report(exception);
        }
    }
}
