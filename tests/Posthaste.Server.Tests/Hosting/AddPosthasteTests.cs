using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Posthaste.Server.Tests.Support;

namespace Posthaste.Server.Tests.Hosting;

public sealed class AddPosthasteTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_host_runs_the_broker_and_stops_it()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddPosthaste(UseEcho);
        using var host = builder.Build();
        await host.StartAsync(Cancellation);

        var endPoint = Assert.Single(host.Services.GetRequiredService<PosthasteBroker>().Listeners).EndPoint;
        using var client = await EchoClient.ConnectAsync(endPoint);
        Assert.Equal([9], await client.EchoAsync([9]));

        var stopped = host.StopAsync(Cancellation);
        Assert.Equal(EchoProtocol.Goodbye, await client.ReadToEndAsync());
        await stopped;
    }

    [Fact]
    public async Task A_web_application_keeps_its_own_server_beside_the_broker()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Services.AddPosthaste(UseEcho);
        await using var application = builder.Build();
        application.MapGet("/", () => "hello");
        await application.StartAsync(Cancellation);

        using var http = new HttpClient { BaseAddress = new Uri(application.Urls.Single()) };
        Assert.Equal("hello", await http.GetStringAsync("/", Cancellation));

        var endPoint = Assert.Single(application.Services.GetRequiredService<PosthasteBroker>().Listeners).EndPoint;
        Assert.NotEqual(http.BaseAddress.Port, endPoint.Port);
        using var client = await EchoClient.ConnectAsync(endPoint);
        Assert.Equal([9], await client.EchoAsync([9]));
        await application.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Settings_come_from_the_hosts_configuration_and_code_has_the_last_word()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Posthaste:Memory"] = "true",
            ["Posthaste:MessageBytesMax"] = "1MiB",
            ["Posthaste:ConnectionsMax"] = "5",
        });
        PosthasteOptions? seen = null;
        builder.Services.AddPosthaste(options =>
        {
            UseEcho(options);
            options.Broker.ConnectionsMax = 6;
            seen = options;
        });
        using var host = builder.Build();
        await host.StartAsync(Cancellation);

        Assert.NotNull(seen);
        Assert.Null(seen.DataDirectory);
        Assert.Equal(1 << 20, seen.Broker.MessageBytesMax);
        Assert.Equal(6, seen.Broker.ConnectionsMax);
        await host.StopAsync(Cancellation);
    }

    [Fact]
    public async Task A_wrong_setting_stops_the_host_from_starting()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Posthaste:MessageBytesMax"] = "0";
        builder.Services.AddPosthaste(UseEcho);
        using var host = builder.Build();
        await Assert.ThrowsAsync<PosthasteConfigurationException>(() => host.StartAsync(Cancellation));
    }

    private static void UseEcho(PosthasteOptions options)
    {
        options.UseMemory().Protocols = [EchoProtocol.As("echo")];
        options.Listen["echo"] = "127.0.0.1:0";
        options.Listen["http"] = "off";
    }
}
