using System.Text;

namespace Posthaste.Protocols.Stomp.Tests.Session;

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
    private const int RoundsWithWarmUp = Rounds + (Rounds / 2);

    [Fact]
    public async Task A_message_allocates_nothing_from_send_to_message()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync(blockBytes: 65_536, outputBytesMax: 4 << 20);
        await client.SubscribeAsync("/queue/q");
        var round = Repeat("SEND\ndestination:/queue/q\ncontent-type:text/plain\ncontent-length:100\n\n");
        Assert.InRange(await MeasureAsync(client, round, framesPerMessage: 1), 0, 4);
    }

    [Fact]
    public async Task An_acknowledged_message_allocates_nothing_from_send_to_ack()
    {
        await using var host = new BrokerHost();
        var client = host.Connect(blockBytes: 65_536, outputBytesMax: 4 << 20);
        var session = (await client.OpenAsync())["session"];
        await client.SubscribeAsync("/queue/q", headers: "ack:client-individual\n");
        var round = Repeat("SEND\ndestination:/queue/q\ncontent-length:100\n\n");

        // Deliveries are numbered from 1, so what acknowledges them can be written before they come.
        var acknowledgements = Enumerable.Range(0, RoundsWithWarmUp)
            .Select(number => Acknowledgements(session, number * MessagesPerRound)).ToArray();
        var done = 0;
        var perMessage = await MeasureAsync(client, round, framesPerMessage: 1, () => acknowledgements[done++]);
        Assert.InRange(perMessage, 0, 8);
    }

    [Fact]
    public async Task A_durable_message_allocates_nothing_from_send_to_receipt()
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
            var client = await host.OpenAsync(blockBytes: 65_536, outputBytesMax: 4 << 20);
            await client.SubscribeAsync("/queue/q");
            var round = Repeat(
                "SEND\ndestination:/queue/q\npersistent:true\nreceipt:1234\ncontent-length:100\n\n");
            Assert.InRange(await MeasureAsync(client, round, framesPerMessage: 2), 0, 16);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<double> MeasureAsync(
        TestClient client, byte[] round, int framesPerMessage, Func<byte[]>? answer = null)
    {
        for (var i = 0; i < RoundsWithWarmUp - Rounds; i++)
            await RunAsync();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Rounds; i++)
            await RunAsync();
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)(Rounds * MessagesPerRound);

        async Task RunAsync()
        {
            await client.SendAsync(round);
            await client.DiscardFramesAsync(MessagesPerRound * framesPerMessage);
            if (answer is not null)
                await client.SendAsync(answer());
        }
    }

    private static byte[] Acknowledgements(string session, int after)
    {
        var frames = new StringBuilder();
        for (var tag = after + 1; tag <= after + MessagesPerRound; tag++)
            frames.Append($"ACK\nid:{session}-1-{tag}\n\n\0");
        return Encoding.ASCII.GetBytes(frames.ToString());
    }

    private static byte[] Repeat(string head)
    {
        var frame = Encoding.ASCII.GetBytes(head + new string('x', 100) + "\0");
        var all = new byte[frame.Length * MessagesPerRound];
        for (var at = 0; at < all.Length; at += frame.Length)
            frame.CopyTo(all, at);
        return all;
    }
}
