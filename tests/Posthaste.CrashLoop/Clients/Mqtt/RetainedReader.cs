using Posthaste.CrashLoop.Ledger;
using Posthaste.Testing;

namespace Posthaste.CrashLoop.Clients.Mqtt;

/// <summary>Asks a broker that nobody publishes to for its retained messages, as a new client does.</summary>
internal static class RetainedReader
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Reads until there is one for every topic that has to have one, and lets the ledger judge.</summary>
    public static async Task CheckAsync(int port, LoopLedger ledger)
    {
        HashSet<string> missing = [.. ledger.Retained.Topics];
        if (missing.Count == 0)
            return;
        using MqttLink link = await MqttLink.ConnectAsync(port, "crash-retained-reader", isClean: true);
        await link.SubscribeAsync(Topology.RetainedFilter, qos: 0);
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            while (missing.Count > 0)
            {
                MqttPacket packet = await link.ReadAsync(deadline.Token);
                if (packet is not { Type: MqttPacketType.Publish, IsRetained: true })
                    throw new InvalidDataException($"not a retained message: {packet.Type} {packet.FirstByte:X2}");
                ledger.CheckRetained(packet.Topic, packet.Payload);
                missing.Remove(packet.Topic);
            }
        }
        catch (OperationCanceledException)
        {
            foreach (string topic in missing)
                ledger.Violations.Add(Promise.ConfirmedIsKept, $"{topic}: the retained message is lost");
        }
    }
}
