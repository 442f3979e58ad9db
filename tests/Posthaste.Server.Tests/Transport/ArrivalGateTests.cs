using System.Net;
using System.Net.Sockets;
using Posthaste.Server.Transport;

namespace Posthaste.Server.Tests.Transport;

/// <summary>Connections that have not logged in are bounded, over all and of one network.</summary>
public sealed class ArrivalGateTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1", false)]
    [InlineData("10.0.0.1", "::ffff:10.0.0.1", false)]
    [InlineData("10.0.0.1", "10.0.0.2", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", false)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", true)]
    public void A_network_has_its_share(string first, string second, bool expected)
    {
        var gate = new ArrivalGate(totalMax: 10, perNetworkMax: 2);
        Assert.NotNull(gate.TryEnter(At(first)));
        var arrival = gate.TryEnter(At(first))!;
        Assert.Equal(expected, gate.TryEnter(At(second)) is not null);
        arrival.Leave();
        arrival.Leave();
        Assert.NotNull(gate.TryEnter(At(first)));
        Assert.Null(gate.TryEnter(At(first)));
    }

    [Fact]
    public void All_together_have_theirs()
    {
        var gate = new ArrivalGate(totalMax: 2, perNetworkMax: 2);
        var arrival = gate.TryEnter(At("10.0.0.1"))!;
        Assert.NotNull(gate.TryEnter(null));
        Assert.Null(gate.TryEnter(At("10.0.0.2")));
        arrival.Leave();
        Assert.Equal(1, gate.Count);
        Assert.NotNull(gate.TryEnter(At("10.0.0.2")));
    }

    [Fact]
    public async Task One_that_only_connects_keeps_nobody_out_who_logs_in_before()
    {
        await using var broker = await PosthasteBroker.StartAsync(
            options => options.Broker.UnauthenticatedPerAddressMax = 2, Cancellation);
        var endPoint = broker.EndPointOf("stomp");
        using var member = await LogInAsync(endPoint);
        using var second = await LogInAsync(endPoint);

        // Two of three are let in; which one is refused is for the scheduler to say.
        TcpClient[] idle = [new(), new(), new()];
        Task[] cuts = [.. idle.Select(client => WaitUntilCutAsync(client, endPoint))];
        var cut = await Task.WhenAny(cuts);

        // Who has logged in is still served, and makes no room by that.
        await SendAsync(member, "SEND\ndestination:/queue/q\nreceipt:1\n\nx\0");
        Assert.StartsWith("RECEIPT", await ReadAsync(member), StringComparison.Ordinal);

        // Who goes makes room.
        for (var i = 0; i < idle.Length; i++)
            if (cuts[i] != cut) idle[i].Dispose();
        for (var isIn = false; !isIn;)
        {
            using var next = new TcpClient();
            isIn = await TryLogInAsync(next, endPoint);
        }

        await Task.WhenAll(cuts);
        idle[Array.IndexOf(cuts, cut)].Dispose();
    }

    private static IPEndPoint At(string address) => new(IPAddress.Parse(address), 1);

    private static async Task<TcpClient> LogInAsync(IPEndPoint endPoint)
    {
        var client = new TcpClient();
        Assert.True(await TryLogInAsync(client, endPoint));
        return client;
    }

    private static async Task<bool> TryLogInAsync(TcpClient client, IPEndPoint endPoint)
    {
        try
        {
            await client.ConnectAsync(endPoint, Cancellation);
            await SendAsync(client, "CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0");
            return (await ReadAsync(client)).StartsWith("CONNECTED", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return false;
        }
    }

    /// <summary>A cut may come before connecting returns, and as a reset.</summary>
    private static async Task WaitUntilCutAsync(TcpClient client, IPEndPoint endPoint)
    {
        try
        {
            await client.ConnectAsync(endPoint, Cancellation);
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1], Cancellation));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // A reset is as good; and the test itself disposes of those that were let in.
            Assert.False(Cancellation.IsCancellationRequested);
        }
    }

    private static async Task SendAsync(TcpClient client, string frame) =>
        await client.GetStream().WriteAsync(System.Text.Encoding.UTF8.GetBytes(frame), Cancellation);

    private static async Task<string> ReadAsync(TcpClient client)
    {
        var buffer = new byte[4_096];
        var count = await client.GetStream().ReadAsync(buffer, Cancellation);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, count);
    }
}
