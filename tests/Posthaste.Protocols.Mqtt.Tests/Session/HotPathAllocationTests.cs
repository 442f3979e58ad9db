using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>
/// What a message costs the garbage collector on its way from one socket to another, through session, broker and queue.
/// Counted over the whole process, so the tests of this collection run alone.
/// </summary>
[Collection(nameof(HotPathAllocationTests))]
[CollectionDefinition(nameof(HotPathAllocationTests), DisableParallelization = true)]
public sealed class HotPathAllocationTests
{
    private const int MessagesPerRound = 256;
    private const int Rounds = 300;

    [Theory]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V5)]
    internal async Task A_message_of_QoS_0_allocates_nothing_from_publish_to_delivery(MqttVersion version)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", version, blockBytes: 65_536, outputBytesMax: 4 << 20);
        await client.SubscribeAsync("t/x");
        var one = client.PublishBytes("t/x", new byte[16]);
        var round = Repeat(one, MessagesPerRound);
        var perMessage = await MeasureAsync(client, round, MessagesPerRound * one.Length);
        Assert.InRange(perMessage, 0, 8);
    }

    [Fact]
    public async Task A_publish_of_QoS_1_allocates_nothing_up_to_its_answer()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", blockBytes: 65_536, outputBytesMax: 4 << 20);
        var subscriber = await host.OpenAsync("s", blockBytes: 65_536, outputBytesMax: 4 << 20);
        await subscriber.SubscribeAsync("t/x");
        var one = client.PublishBytes("t/x", new byte[16], QoS.AtLeastOnce, packetId: 1);
        var round = Repeat(one, MessagesPerRound);
        var perMessage = await MeasureAsync(
            client, round, MessagesPerRound * 4, () => subscriber.DiscardAsync(MessagesPerRound * (one.Length - 2)));
        Assert.InRange(perMessage, 0, 16);
    }

    private static async Task<double> MeasureAsync(
        TestClient client, byte[] round, int bytesBack, Func<Task>? more = null)
    {
        for (var i = 0; i < Rounds / 2; i++)
            await RunAsync();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Rounds; i++)
            await RunAsync();
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)(Rounds * MessagesPerRound);

        async Task RunAsync()
        {
            await client.SendAsync(round);
            await client.DiscardAsync(bytesBack);
            if (more is not null)
                await more();
        }
    }

    private static byte[] Repeat(byte[] packet, int count)
    {
        var all = new byte[packet.Length * count];
        for (var at = 0; at < all.Length; at += packet.Length)
            packet.CopyTo(all, at);
        return all;
    }
}
