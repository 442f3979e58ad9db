using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Posthaste.Broker;
using Posthaste.Broker.Policies;
using Posthaste.Management.Http;
using Posthaste.Management.OpenApi;
using Posthaste.Management.Prometheus;
using Posthaste.Management.Resources;

namespace Posthaste.Management;

/// <summary>
/// The management API over HTTP: RabbitMQ's paths and shapes on a broker's own catalog and user store. It keeps no
/// state; every answer is what the broker is at that time.
/// </summary>
public sealed class ManagementServer : IAsyncDisposable
{
    /// <summary>
    /// Bytes of a request's body. 64 MiB: definitions of a hundred thousand queues, or a message of any size that the
    /// broker takes by default, in base64.
    /// </summary>
    private const long BodyBytesMax = 64 << 20;

    private readonly WebApplication _application;

    private ManagementServer(
        WebApplication application, IReadOnlyList<ListenOptions> plain, IReadOnlyList<ListenOptions> secure)
    {
        _application = application;
        EndPoints = [.. plain.Select(static listening => listening.IPEndPoint!)];
        SecureEndPoints = [.. secure.Select(static listening => listening.IPEndPoint!)];
    }

    /// <summary>Where it listens, with the ports that it really got.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>Where it listens with TLS.</summary>
    public IReadOnlyList<IPEndPoint> SecureEndPoints { get; }

    /// <summary>Starts to listen; when it returns the API answers.</summary>
    /// <param name="broker">Whom it manages.</param>
    /// <param name="endPoints">Port 0 for a free one.</param>
    /// <param name="tls">Where it listens with TLS.</param>
    /// <param name="listeners">What `overview` shows as the broker's listeners.</param>
    /// <param name="origins">Origins of web pages that may use the API; `*` for any, without logins.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="pages">What it shows beside the API; null for nothing.</param>
    /// <param name="cancellation">Gives the start up.</param>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<ManagementServer> StartAsync(
        MessageBroker broker, IReadOnlyList<IPEndPoint> endPoints, ManagementTls tls,
        IReadOnlyList<ListenerRow> listeners, IReadOnlyList<string> origins, ILoggerFactory loggers,
        IManagementPages? pages, CancellationToken cancellation)
    {
        var table = new ListenerTable(listeners);
        var (plain, secure) = (new List<ListenOptions>(), new List<ListenOptions>());
        var builder = CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(loggers);
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = BodyBytesMax;
            foreach (var endPoint in endPoints) options.Listen(endPoint, plain.Add);
            foreach (var endPoint in tls.EndPoints)
            {
                options.Listen(endPoint, listening =>
                {
                    secure.Add(listening);

                    // The certificates' handshakes offer no other (ALPN).
                    listening.Protocols = HttpProtocols.Http1;
                    listening.UseHttps(tls.Handshakes);
                });
            }
        });
        pages?.AddServices(builder.Services, endPoints.Concat(tls.EndPoints).First().Port);
        builder.Services.AddCors();
        var application = builder.Build();
        CrossOrigin.Use(application, origins);
        Map(application, broker, table);
        pages?.Map(application, new ManagementApi(broker, ApiPipeline(application), application.Services));
        try
        {
            await application.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        var server = new ManagementServer(application, plain, secure);
        table.Add([.. server.EndPoints.Select(static endPoint => Row("http", endPoint)),
            .. server.SecureEndPoints.Select(static endPoint => Row("https", endPoint))]);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// A host that only its own code configures: no variable of the environment (`ASPNETCORE_URLS`, …) and no
    /// `appsettings.json` where the process was started opens a port here or changes how it behaves.
    /// </summary>
    private static WebApplicationBuilder CreateBuilder()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            EnvironmentName = Environments.Production,
            ContentRootPath = AppContext.BaseDirectory,
        });
        ((IConfigurationBuilder)builder.Configuration).Sources.Clear();
        return builder;
    }

    /// <summary>Routes requests that come from no socket to the endpoints that are mapped so far.</summary>
    private static RequestDelegate ApiPipeline(WebApplication application)
    {
        var mapped = ((IEndpointRouteBuilder)application).DataSources;
        var branch = ((IApplicationBuilder)application).New();
        branch.UseRouting();
        branch.UseEndpoints(endpoints =>
        {
            foreach (var source in mapped) endpoints.DataSources.Add(source);
        });
        return branch.Build();
    }

    private static ListenerRow Row(string name, IPEndPoint endPoint) =>
        new(name, endPoint.Address.ToString(), endPoint.Port);

    private static void Map(WebApplication application, MessageBroker broker, ListenerTable listeners)
    {
        var gate = new ApiGate(broker);
        new MetricsEndpoint(broker, gate).Map(application);
        HealthResource.MapProbes(application, broker);
        var routes = Routes(listeners);
        new ApiEndpoints(gate).Map(application, routes);
        OpenApiEndpoint.Map(application, routes);
    }

    /// <summary>All that the API serves.</summary>
    internal static ApiRoutes Routes(ListenerTable listeners)
    {
        var routes = new ApiRoutes();
        IResource[] resources =
        [
            new NodeResource(listeners), new FeatureResource(), new AuthResource(), new HealthResource(listeners),
            new LivenessResource(), new AlarmResource(listeners), new VirtualHostResource(), new UserResource(),
            new PermissionResource(), new ExchangeResource(), new QueueResource(), new BrowseResource(),
            new BindingResource(), new ConnectionResource(),
            new ChannelResource(), new ConsumerResource(), new ScheduledResource(), new DeadLetterResource(),
            new MoveResource(),
            new PolicyResource(PolicyKind.User), new PolicyResource(PolicyKind.Operator), new LimitResource(),
            new ParameterResource(), new GlobalParameterResource(), new DefinitionResource(),
        ];
        foreach (var resource in resources) resource.Map(routes);
        return routes;
    }
}
