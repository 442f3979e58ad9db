using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>
/// What a message costs the garbage collector on its way from one socket to another, through session, broker and queue.
/// Counted over the whole process, so the tests of this collection run alone.
/// </summary>
[Collection(nameof(HotPathAllocationTests))]
[CollectionDefinition(nameof(HotPathAllocationTests), DisableParallelization = true)]
public sealed class HotPathAllocationTests
{
    private const int MessagesPerRound = 256;
    private const int Rounds = 400;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_transient_message_allocates_nothing_from_publish_to_delivery(bool isConfirmed)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync(blockBytes: 65_536, outputBytesMax: 4 << 20);
        await client.DeclareQueueAsync("q");
        if (isConfirmed)
            await client.SelectConfirmsAsync();
        await client.ConsumeAsync("q", noAck: true);
        var round = Repeat(TestClient.PublishFrames(1, "", "q", new byte[100]), MessagesPerRound);
        var bytesPerMessage = ContentFrames.GetDeliverSize(1, 0, 1, 2, 100, client.FrameBytesMax);
        var perMessage = await MeasureAsync(
            client, () => client.SendAsync(round), MessagesPerRound * bytesPerMessage);
        Assert.InRange(perMessage, 0, 8);
    }

    [Fact]
    public async Task A_durable_message_allocates_nothing_from_publish_to_acknowledgement()
    {
        var directory = Directory.CreateTempSubdirectory("posthaste-");
        try
        {
            await using var host = new BrokerHost(options =>
            {
                // Little memory for the journal's tail, so that its blocks are used again before the measurement
                // begins.
                options.DataDirectory = directory.FullName;
                options.ResidentBytesMax = 4 << 20;
            });
            var client = await host.OpenChannelAsync(blockBytes: 65_536, outputBytesMax: 4 << 20);
            await client.DeclareQueueAsync("q", durable: true);
            await client.SelectConfirmsAsync();
            await client.ConsumeAsync("q");
            var persistent = new BasicProperties { DeliveryMode = 2 };
            var round = Repeat(TestClient.PublishFrames(1, "", "q", new byte[100], persistent), MessagesPerRound);
            var bytesPerMessage = ContentFrames.GetDeliverSize(1, 0, 1, 3, 100, client.FrameBytesMax);
            var ack = new byte[MethodFrame.GetBytes(default(BasicAck))];
            MethodFrame.Write(ack, 1, new BasicAck { Multiple = true });

            // Of each round all but the last bytes have come back when the acknowledgement of all that is out follows.
            var perMessage = await MeasureAsync(
                client,
                async () =>
                {
                    await client.SendAsync(ack);
                    await client.SendAsync(round);
                },
                MessagesPerRound * bytesPerMessage);
            Assert.InRange(perMessage, 0, 16);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<double> MeasureAsync(TestClient client, Func<Task> send, int bytesBack)
    {
        for (var i = 0; i < Rounds / 2; i++)
            await RunAsync();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Rounds; i++)
            await RunAsync();
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)(Rounds * MessagesPerRound);

        async Task RunAsync()
        {
            await send();
            await client.DiscardAsync(bytesBack);
        }
    }

    private static byte[] Repeat(byte[] frames, int count)
    {
        var all = new byte[frames.Length * count];
        for (var at = 0; at < all.Length; at += frames.Length)
            frames.CopyTo(all, at);
        return all;
    }
}
