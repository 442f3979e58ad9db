using System.Net;
using System.Net.Sockets;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Interop.Tests.Wire;
using Posthaste.Testing;

namespace Posthaste.Interop.Tests.BadInput;

/// <summary>
/// Clients that misbehave in numbers, each test against a process of its own: they are cut off, the broker logs no
/// error and stays small, and a client that behaves notices nothing.
/// </summary>
public sealed class HostileClientTests(BrokerFixture fixture) : IAsyncLifetime
{
    private const int TimeLimitMs = 180_000;

    /// <summary>The handshake's limit is 10 s; the rest is for a busy machine.</summary>
    private static readonly TimeSpan CutOffDeadline = TimeSpan.FromSeconds(40);

    private readonly BrokerProcess _broker = BrokerProcess.InTemporaryDirectory();
    private readonly List<Socket> _sockets = [];
    private Bystander? _bystander;

    public async ValueTask InitializeAsync()
    {
        fixture.SkipUnlessOwned();
        await _broker.StartAsync();
        _bystander = await Bystander.StartAsync(_broker.AmqpPort);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Socket socket in _sockets)
            socket.Dispose();
        if (_bystander is not null)
            await _bystander.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Handshakes_that_never_end_are_cut_off()
    {
        byte[] header = "AMQP\0\0\x09\x01"u8.ToArray();
        for (int i = 0; i < 100; i++)
        {
            // Nothing at all, a part of the header, or all of it and then silence.
            Socket socket = await ConnectAsync();
            await socket.SendAsync(header.AsMemory(0, i % (header.Length + 1)));
        }
        await _bystander!.CheckAsync();
        await Task.WhenAll(_sockets.Select(WaitForCutOffAsync));
        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Two_thousand_connections_at_once_are_served()
    {
        const int ConnectionCount = 2_000;
        long before = _broker.ResidentBytes;
        byte[] header = "AMQP\0\0\x09\x01"u8.ToArray();
        await Task.WhenAll(Enumerable.Range(0, ConnectionCount).Select(async _ =>
        {
            Socket socket = await ConnectAsync();
            await socket.SendAsync(header);
            // connection.start, on channel 0.
            byte[] start = new byte[3];
            Assert.True(await socket.ReceiveAsync(start) > 0);
            Assert.Equal(1, start[0]);
        }));
        await _bystander!.CheckAsync();
        long perConnection = (_broker.ResidentBytes - before) / ConnectionCount;
        Assert.True(perConnection < 64 * 1024, $"A connection in its handshake takes {perConnection} bytes.");
        foreach (Socket socket in _sockets)
            socket.Dispose();
        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Noise_ends_the_connection_that_it_came_on()
    {
        var random = new Random(1);
        var noises = Enumerable.Range(0, 100).Select(i =>
        {
            byte[] noise = new byte[random.Next(8, 20_000)];
            random.NextBytes(noise);
            // Every other one looks like a frame at first: a type, a channel, and then anything.
            if (i % 2 == 0)
                (noise[0], noise[1], noise[2]) = ((byte)random.Next(1, 4), 0, 1);
            return noise;
        }).ToArray();
        await Task.WhenAll(noises.Select(MakeNoiseAsync));
        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task A_client_that_does_not_read_costs_bounded_memory()
    {
        const int BodyBytes = 100_000;
        const int MessageCount = 3_000;
        const long GrowthBytesMax = 200L << 20;
        WireClient lazy = await WireClient.OpenAsync("127.0.0.1", _broker.AmqpPort);
        // Durable, so that the backlog itself is on disk: what grows is what the broker keeps for the client.
        const string Queue = "unread";
        const int Durable = 2;
        const int NoAck = 2;
        await lazy.SendMethodAsync(1, 50, 10,
            new WireWriter().Short(0).ShortString(Queue).Octet(Durable).EmptyTable());
        await lazy.ExpectAsync(50, 11);
        await lazy.SendMethodAsync(1, 60, 20,
            new WireWriter().Short(0).ShortString(Queue).ShortString("").Octet(NoAck).EmptyTable());
        await lazy.ExpectAsync(60, 21);
        long before = _broker.ResidentBytes;

        // Ten times what may be kept, back to the very client that does not read.
        byte[] persistent = new WireWriter().Short(0x1000).Octet(2).ToArray();
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < MessageCount; i++)
                await lazy.PublishAsync("", Queue, persistent, new byte[BodyBytes]);
        });
        await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(5)));
        await _bystander!.CheckAsync();
        long growth = _broker.ResidentBytes - before;
        Assert.True(growth < GrowthBytesMax, $"The broker grew by {growth:N0} bytes.");
        await lazy.DisposeAsync();
        await sending.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
        await CheckUnmovedAsync();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Clients_that_vanish_in_the_middle_leave_nothing()
    {
        for (int i = 0; i < 100; i++)
        {
            await using WireClient client = await WireClient.OpenAsync("127.0.0.1", _broker.AmqpPort);
            await client.DeclareExclusiveQueueAsync();
            // A message whose body never comes.
            await client.SendMethodAsync(1, 60, 40,
                new WireWriter().Short(0).ShortString("").ShortString("nowhere").Octet(0));
            await client.SendFrameAsync(WireFrame.Header, 1,
                new WireWriter().Short(60).Short(0).LongLong(10_000_000).Short(0).ToArray());
        }
        await CheckUnmovedAsync();
    }

    /// <summary>The bystander goes on, nothing was an error, and the process still ends in order.</summary>
    private async Task CheckUnmovedAsync()
    {
        await _bystander!.CheckAsync();
        Assert.Empty(_broker.TakeErrors());
        await _bystander.DisposeAsync();
        _bystander = null;
        Assert.Equal(0, await _broker.StopAsync());
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        lock (_sockets)
            _sockets.Add(socket);
        await socket.ConnectAsync(IPAddress.Loopback, _broker.AmqpPort);
        return socket;
    }

    private static async Task WaitForCutOffAsync(Socket socket)
    {
        using var deadline = new CancellationTokenSource(CutOffDeadline);
        byte[] bytes = new byte[4_096];
        try
        {
            while (await socket.ReceiveAsync(bytes, deadline.Token) > 0)
                continue;
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Cut off, too.
        }
    }

    /// <summary>Sends noise, and reads what the broker complains until it closes.</summary>
    private async Task MakeNoiseAsync(byte[] noise)
    {
        await using WireClient client = await WireClient.OpenAsync("127.0.0.1", _broker.AmqpPort);
        try
        {
            await client.SendAsync(noise);
            await client.SendAsync(new byte[200_000]);
        }
        catch (IOException closed) when (closed.InnerException is SocketException)
        {
            // It did not even listen to the end.
        }
        while (await client.ReadBytesAsync(1) is not null)
            continue;
    }
}
