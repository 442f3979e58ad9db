using System.CommandLine;
using Posthaste.Client;

namespace Posthaste.Commands;

/// <summary>The flags that every command talking to a broker has.</summary>
internal static class BrokerOption
{
    private const string EnvironmentVariable = "POSTHASTE_URI";

    public static Option<string> Create() => new("--uri")
    {
        Description = $"The broker, any that speaks AMQP 0-9-1. " +
            $"{EnvironmentVariable} in the environment sets the default.",
        HelpName = "amqp://USER:PASSWORD@HOST:PORT/VHOST",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(EnvironmentVariable) ?? AmqpAddress.Default,
    };

    public static Option<bool> CreateJson() => new("--json")
    {
        Description = "Print JSON for scripts instead of text for people.",
    };
}
