using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Components.Layout;

/// <summary>An entry of the navigation.</summary>
/// <param name="Href">The page.</param>
/// <param name="Text">What it is called.</param>
/// <param name="Icon">Of <see cref="Parts.Icon"/>.</param>
/// <param name="Behind">Pages that are reached by it, and keep it marked.</param>
internal sealed record NavigationPage(string Href, string Text, string Icon, params string[] Behind)
{
    /// <summary>Everything, in the order in which it is shown.</summary>
    public static readonly (string Title, NavigationPage[] Pages)[] Groups =
    [
        ("Broker", [
            new("/", "Overview", "overview"),
            new("/connections", "Connections", "connections", "/connection"),
            new("/channels", "Channels", "channels", "/channel"),
            new("/consumers", "Consumers", "consumers"),
        ]),
        ("Messages", [
            new("/exchanges", "Exchanges", "exchanges", "/exchange"),
            new("/queues", "Queues", "queues", "/queue", "/messages", "/move"),
            new("/topology", "Topology", "topology"),
            new("/explain", "Explain a publish", "explain"),
            new("/dead-letters", "Dead letters", "dead", "/dead-letter"),
            new("/delayed", "Delayed messages", "delayed", "/delayed-messages"),
            new("/moves", "Moves", "moves"),
        ]),
        ("Administration", [
            new("/vhosts", "Virtual hosts", "hosts", "/vhost"),
            new("/users", "Users", "admin", "/user") { NeedsAdministrator = true },
            new("/limits", "Limits", "limits") { NeedsAdministrator = true },
            new("/policies", "Policies", "policies") { NeedsPolicyMaker = true },
            new("/definitions", "Definitions", "definitions") { NeedsAdministrator = true },
        ]),
    ];

    public bool NeedsAdministrator { get; private init; }

    public bool NeedsPolicyMaker { get; private init; }

    /// <summary>Whether a page belongs to it.</summary>
    public bool IsAt(string path) => path == Href || Behind.Contains(path);

    public bool IsFor(WhoAmI who) =>
        who.IsAdministrator || (!NeedsAdministrator && (!NeedsPolicyMaker || who.MakesPolicies));
}
