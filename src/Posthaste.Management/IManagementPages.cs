using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Posthaste.Management;

/// <summary>Pages for people that the management server hosts beside its API, as a client of that API.</summary>
public interface IManagementPages
{
    /// <summary>Once, before the server is built.</summary>
    /// <param name="services">The server's.</param>
    /// <param name="port">Port that was asked for; 0 for a free one.</param>
    void AddServices(IServiceCollection services, int port);

    /// <summary>Once, before the server starts. Paths under `/api/` are taken.</summary>
    void Map(WebApplication application, ManagementApi api);
}
