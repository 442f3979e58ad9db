using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Posthaste.Server.Transport;

/// <summary>
/// Kestrel's own registrations, and nothing else of a web application: its extension methods want a web host builder,
/// of which they use only the services. So a broker has a server of its own, whatever application it runs in.
/// </summary>
internal sealed class ServerServices : IWebHostBuilder
{
    private readonly WebHostBuilderContext _context = new();

    public IServiceCollection Services { get; } = new ServiceCollection();

    public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
    {
        configureServices(Services);
        return this;
    }

    public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices)
    {
        configureServices(_context, Services);
        return this;
    }

    // Settings come from PosthasteOptions alone: neither ASPNETCORE_URLS nor a section for Kestrel has a say in where
    // a broker listens.
    public string? GetSetting(string key) => null;

    public IWebHostBuilder UseSetting(string key, string? value) => this;

    public IWebHostBuilder ConfigureAppConfiguration(
        Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) => this;

#pragma warning disable ASPDEPR008 // The interface still has it; nothing calls it.
    public IWebHost Build() =>
        throw new NotSupportedException("There is no web host here, only the services of its server.");
#pragma warning restore ASPDEPR008
}
