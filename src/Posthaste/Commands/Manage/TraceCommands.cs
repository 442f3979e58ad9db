using System.CommandLine;
using System.Text.Json.Nodes;
using Posthaste.Api;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste trace</c>: on, off.</summary>
internal static class TraceCommands
{
    public static Command Create() =>
        new ManualCommand("trace", "Show what is published and delivered in a virtual host, or stop that.",
            """
            While it is on, a copy of each message that a client publishes or gets goes to the exchange
            amq.rabbitmq.trace: with the key publish.EXCHANGE or deliver.QUEUE, and what is known of it as headers.
            Bind a queue to see them, with a maximum length, since nobody waits for its consumer.

            Examples:
              posthaste trace on
              posthaste trace off --vhost orders
            """)
        {
            Create("on", "Begin to show them.", isOn: true),
            Create("off", "Stop.", isOn: false),
        };

    private static Command Create(string name, string summary, bool isOn) => ChangeCommand.Create(
        name, summary,
        parsed => new Change(
            HttpMethod.Put, ApiClient.Path("vhosts", parsed.GetRequiredValue(ApiOptions.VirtualHost)),
            $"tracing is {name}", new JsonObject { ["tracing"] = isOn }),
        ApiOptions.VirtualHost);
}
