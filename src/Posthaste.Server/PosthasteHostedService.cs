using Microsoft.Extensions.Hosting;

namespace Posthaste.Server;

/// <summary>Ties a broker's life to its host's.</summary>
internal sealed class PosthasteHostedService(PosthasteBroker broker) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => broker.OpenAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => broker.DisposeAsync().AsTask();
}
