using Posthaste.Broker.Parameters;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Parameters;

/// <summary>What operators keep with the broker, after crashes too.</summary>
public sealed class GlobalParameterTests
{
    private readonly BrokerHost _host = new(new FaultyDevice(1)) { Options = { Authenticator = null } };

    public GlobalParameterTests() => _host.Open();

    private GlobalParameters Parameters => _host.Broker.Parameters;

    [Fact]
    public async Task They_are_there_after_a_crash_beside_the_users()
    {
        Assert.Null(Parameters.Set("region", "\"eu\""));
        Assert.Null(Parameters.Set("region", """{"ä":[1,null]}"""));
        Assert.Null(Parameters.Set("gone", "1"));
        Assert.Null(Parameters.Remove("gone"));
        Assert.Null(Parameters.Remove("never"));
        Assert.Null(Parameters.Set(GlobalParameters.ImportedDefinitionsHash, "\"00\""));
        var durable = _host.Broker.WhenDurableAsync();
        while (_host.Broker.Step()) continue;
        Assert.True(await durable);
        _host.CrashAndOpen();
        Assert.Equal([KeyValuePair.Create("region", """{"ä":[1,null]}""")], Parameters.All);
        Assert.True(Parameters.TryGet(GlobalParameters.ImportedDefinitionsHash, out var hash));
        Assert.Equal("\"00\"", hash);
        Assert.True(_host.Broker.Users.TryGet("guest", out _));
    }

    [Fact]
    public void The_cluster_has_the_nodes_name_until_it_gets_another()
    {
        Assert.Equal(MessageBroker.NodeName, _host.Broker.ClusterName);
        Assert.Null(Parameters.Set(GlobalParameters.ClusterName, "\"shop\""));
        Assert.Equal("shop", _host.Broker.ClusterName);
        Assert.Null(Parameters.Set(GlobalParameters.ClusterName, "7"));
        Assert.Equal(MessageBroker.NodeName, _host.Broker.ClusterName);
    }

    [Fact]
    public void Names_and_their_number_have_bounds()
    {
        Assert.Equal("the parameter name is empty", Parameters.Set("", "1"));
        Assert.NotNull(Parameters.Set(new string('x', 256), "1"));
        for (var i = 0; i < GlobalParameters.CountMax; i++) Assert.Null(Parameters.Set($"p{i}", "1"));
        Assert.Equal("there are 1000 global parameters already", Parameters.Set("more", "1"));
        Assert.Null(Parameters.Set("p0", "2"));
    }
}
