using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;

namespace Posthaste.Management.Tests;

/// <summary>Only its own options say where the server listens.</summary>
public sealed class EnvironmentTests
{
    [Theory]
    [InlineData("ASPNETCORE_URLS")]
    [InlineData("ASPNETCORE_Kestrel__Endpoints__Extra__Url")]
    [InlineData("DOTNET_URLS")]
    public async Task A_variable_for_web_servers_opens_no_port(string variable)
    {
        var extra = FreeEndPoint();
        await using var broker = MessageBroker.Open(new MessageBrokerOptions(), NullLoggerFactory.Instance);
        Environment.SetEnvironmentVariable(variable, $"http://{extra}");
        try
        {
            await using var server = await ManagementServer.StartAsync(
                broker, [new IPEndPoint(IPAddress.Loopback, 0)], ManagementTls.None, [], [], NullLoggerFactory.Instance,
                pages: null, CancellationToken.None);
            using var client = new TcpClient();
            await client.ConnectAsync(server.EndPoints[0]);
            using var other = new TcpClient();
            await Assert.ThrowsAsync<SocketException>(() => other.ConnectAsync(extra));
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    private static IPEndPoint FreeEndPoint()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }
}
