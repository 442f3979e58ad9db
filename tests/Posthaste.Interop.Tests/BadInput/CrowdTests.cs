using System.Globalization;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Interop.Tests.Wire;
using Posthaste.Testing;

namespace Posthaste.Interop.Tests.BadInput;

/// <summary>
/// Many connections, one that never reads and one that falls silent, each against a process of its own. A client that
/// behaves notices nothing of them.
/// </summary>
public sealed class CrowdTests(BrokerFixture fixture, ITestOutputHelper output) : IAsyncLifetime
{
    private const int TimeLimitMs = 180_000;
    private const int ConnectionCount = 10_000;

    /// <summary>Files that this process and the broker each have open besides the connections.</summary>
    private const int OtherFiles = 1_000;

    private const int WriteStallMs = 2_000;

    private readonly BrokerProcess _broker =
        BrokerProcess.InTemporaryDirectory("--set", $"WriteStallMsMax={WriteStallMs}");

    private readonly List<WireClient> _clients = [];
    private Bystander? _bystander;

    public async ValueTask InitializeAsync()
    {
        fixture.SkipUnlessOwned();
        await _broker.StartAsync();
        _bystander = await Bystander.StartAsync(_broker.AmqpPort);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (WireClient client in _clients)
            await client.DisposeAsync();
        if (_bystander is not null)
            await _bystander.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Ten_thousand_open_connections_are_served_and_let_go()
    {
        const int BytesPerConnectionMax = 32 * 1024;
        int count = Math.Min(ConnectionCount, OpenFilesMax() - OtherFiles);
        output.WriteLine($"{count} connections, of {ConnectionCount} that the limit of open files may allow");
        long before = _broker.ResidentBytes;
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (_, _) =>
        {
            WireClient client = await WireClient.OpenAsync("127.0.0.1", _broker.AmqpPort);
            lock (_clients)
                _clients.Add(client);
        });
        long perConnection = (_broker.ResidentBytes - before) / count;
        output.WriteLine($"{perConnection} bytes each");
        Assert.True(perConnection < BytesPerConnectionMax, $"An open connection takes {perConnection} bytes.");
        await _bystander!.CheckAsync();
        for (int i = 0; i < count; i += count / 50)
            await _clients[i].DeclareExclusiveQueueAsync();
        await _bystander.CheckAsync();

        // Half of them vanish, the others are still there when the broker stops.
        foreach (WireClient client in _clients.Take(count / 2))
            await client.DisposeAsync();
        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task A_client_that_never_reads_is_cut_and_its_messages_go_to_others()
    {
        const string Queue = "unread";
        const int MessageCount = 400;
        WireClient deaf = await OpenAsync();
        await DeclareAsync(deaf, Queue);
        await deaf.SendMethodAsync(1, 60, 20,
            new WireWriter().Short(0).ShortString(Queue).ShortString("").Octet(0).EmptyTable());
        await deaf.ExpectAsync(60, 21);
        WireClient publisher = await OpenAsync();
        for (int i = 0; i < MessageCount; i++)
            await publisher.PublishAsync("", Queue, new WireWriter().Short(0).ToArray(), new byte[100_000]);

        // 40 MB are more than the sockets between the two hold; so at some moment nothing moves any more.
        await Wait.UntilAsync("the cut", () => Task.FromResult(
            _broker.Log.Contains("the client does not read", StringComparison.Ordinal)));
        await _bystander!.CheckAsync();
        await Wait.UntilAsync("the messages to come back", async () =>
            await DeclareAsync(publisher, Queue) == MessageCount);
        WireMessage first = await publisher.GetAsync(Queue);
        Assert.True(first.Redelivered);
        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task A_client_that_falls_silent_is_cut_and_its_messages_go_to_others()
    {
        const string Queue = "held";
        const int HeartbeatSeconds = 1;
        WireClient silent = await WireClient.ConnectAsync("127.0.0.1", _broker.AmqpPort);
        _clients.Add(silent);
        await silent.StartAsync();
        await silent.AuthenticateAsync("PLAIN", "\0guest\0guest"u8.ToArray());
        await silent.TuneAsync(silent.Tune.ChannelMax, silent.Tune.FrameMax, HeartbeatSeconds);
        await silent.SendMethodAsync(0, 10, 40, new WireWriter().ShortString("/").ShortString("").Octet(0));
        await silent.ExpectAsync(10, 41);
        await silent.OpenChannelAsync(1);
        await DeclareAsync(silent, Queue);
        await silent.PublishAsync("", Queue, new WireWriter().Short(0).ToArray(), new byte[10]);
        Assert.False((await silent.GetAsync(Queue)).Redelivered);

        // As if its machine had lost its power: the connection stays, and nothing comes any more.
        WireClient other = await OpenAsync();
        await Wait.UntilAsync("the message to come back", async () => await DeclareAsync(other, Queue) == 1);
        Assert.True((await other.GetAsync(Queue)).Redelivered);
        Assert.Null(await silent.ReadAsync());
        await CheckUnmovedAsync();
    }

    private async Task CheckUnmovedAsync()
    {
        await _bystander!.CheckAsync();
        Assert.Empty(_broker.TakeErrors());
        await _bystander.DisposeAsync();
        _bystander = null;
        Assert.Equal(0, await _broker.StopAsync());
    }

    private async Task<WireClient> OpenAsync()
    {
        WireClient client = await WireClient.OpenAsync("127.0.0.1", _broker.AmqpPort);
        _clients.Add(client);
        return client;
    }

    /// <summary>Declares the queue and returns how many messages are ready in it.</summary>
    private static async Task<long> DeclareAsync(WireClient client, string queue)
    {
        await client.SendMethodAsync(1, 50, 10, new WireWriter().Short(0).ShortString(queue).Octet(0).EmptyTable());
        WireFrame declared = await client.ExpectAsync(50, 11);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(declared.Arguments[(1 + queue.Length)..]);
    }

    /// <summary>Files that a process may open, where the system says so; else what all systems allow.</summary>
    private static int OpenFilesMax()
    {
        const string Limits = "/proc/self/limits";
        const string Name = "Max open files";
        const int Everywhere = 2_560;
        if (!File.Exists(Limits))
            return Everywhere;
        string line = File.ReadLines(Limits).Single(limit => limit.StartsWith(Name, StringComparison.Ordinal));
        // The soft limit, which the runtime has raised to the hard one.
        string soft = line[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return soft == "unlimited" ? int.MaxValue : int.Parse(soft, CultureInfo.InvariantCulture);
    }
}
