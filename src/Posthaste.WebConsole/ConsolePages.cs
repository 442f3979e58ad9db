using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Posthaste.Management;
using Posthaste.WebConsole.Actions;
using Posthaste.WebConsole.Api;
using Posthaste.WebConsole.Assets;
using Posthaste.WebConsole.Components;
using Posthaste.WebConsole.Sessions;

namespace Posthaste.WebConsole;

/// <summary>
/// The console: pages for people, rendered by the server from what the management API answers to the user who has
/// logged in. It keeps sessions and nothing else.
/// </summary>
public sealed class ConsolePages : IManagementPages
{
    private ManagementApi? _api;

    private ManagementApi Api => _api ?? throw new InvalidOperationException("the console has not been mapped");

    public void AddServices(IServiceCollection services, int port)
    {
        // Browsers send cookies to every port of a host: two brokers on one machine need two names.
        var suffix = port == 0 ? "" : $"-{port}";
        services.AddRazorComponents();
        services.AddCascadingAuthenticationState();
        services.AddHttpContextAccessor();
        services.AddScoped(provider =>
            new ConsoleApi(Api, provider.GetRequiredService<IHttpContextAccessor>().HttpContext!));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<SessionStore>();
        services.AddSingleton<Flash>();
        services.AddAntiforgery(options =>
        {
            options.Cookie.Name = $"posthaste-form{suffix}";
            options.Cookie.SameSite = SameSiteMode.Strict;
            options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        services.Configure<KeyManagementOptions>(static options =>
        {
            options.XmlRepository = new KeysInMemory();
            options.XmlEncryptor = new NullXmlEncryptor();
        });
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme)
            .Configure<SessionStore>((options, sessions) =>
                SessionCookie.Configure(options, sessions, user => Api.IsValid(user), suffix));
        services.AddAuthorization();
    }

    public void Map(WebApplication application, ManagementApi api)
    {
        _api = api;
        application.UseMiddleware<PageHeaders>();
        application.UseAuthentication();
        application.UseAuthorization();
        application.UseAntiforgery();
        AssetEndpoints.Map(application);
        LoginEndpoints.Map(application, api);
        Theme.Map(application);
        ActionEndpoints.Map(application);
        DefinitionEndpoints.Map(application);
        PayloadEndpoint.Map(application);
        application.MapRazorComponents<App>().RequireAuthorization();
    }
}
