using System.CommandLine;
using Posthaste.Api;

namespace Posthaste.Commands.Manage;

/// <summary>What every command that manages a running broker has in common.</summary>
internal static class ApiOptions
{
    private const string EnvironmentVariable = "POSTHASTE_API";

    /// <summary>The virtual host that changes are made in unless another is named.</summary>
    private const string DefaultVirtualHost = "/";

    public static readonly Option<string> Api = new("--api")
    {
        Description = $"The broker's management API. {EnvironmentVariable} in the environment sets the default.",
        HelpName = "http://USER:PASSWORD@HOST:PORT",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(EnvironmentVariable) ?? ApiAddress.Default,
    };

    public static readonly Option<bool> Json = BrokerOption.CreateJson();

    /// <summary>Of a list: all virtual hosts unless one is named.</summary>
    public static readonly Option<string?> OneVirtualHost = new("--vhost")
    {
        Description = "Only what is in this virtual host.",
        HelpName = "NAME",
    };

    /// <summary>Of a change, which happens in one virtual host.</summary>
    public static readonly Option<string> VirtualHost = new("--vhost")
    {
        Description = "The virtual host.",
        HelpName = "NAME",
        DefaultValueFactory = _ => DefaultVirtualHost,
    };

    public static ApiClient Connect(ParseResult parsed) => new(ApiAddress.Parse(parsed.GetRequiredValue(Api)));
}
