using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Posthaste.Server.Configuration;

namespace Posthaste.Server;

/// <summary>Adds a broker to an application's host.</summary>
public static class PosthasteServiceCollectionExtensions
{
    /// <summary>
    /// Runs a broker for as long as the host runs. It has a server of its own: an ASP.NET Core application keeps its
    /// Kestrel and its ports. Settings come from section <c>Posthaste</c> of the host's configuration, then from
    /// <paramref name="configure"/>; without either it is durable in <c>./posthaste-data</c> and listens on every
    /// protocol's own port of localhost. The running
    /// <see cref="PosthasteBroker"/> is a service, for its addresses.
    /// </summary>
    public static IServiceCollection AddPosthaste(
        this IServiceCollection services, Action<PosthasteOptions>? configure = null)
    {
        services.AddLogging();
        services.AddOptions<PosthasteOptions>().Configure<IServiceProvider>((options, provider) =>
        {
            options.Loggers = provider.GetRequiredService<ILoggerFactory>();
            if (provider.GetService<IConfiguration>() is { } configuration)
                PosthasteConfiguration.Apply(configuration, options);
        });
        if (configure is not null) services.Configure(configure);

        services.TryAddSingleton(provider =>
            new PosthasteBroker(provider.GetRequiredService<IOptions<PosthasteOptions>>().Value));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, PosthasteHostedService>());
        return services;
    }
}
