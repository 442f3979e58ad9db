using Posthaste.WebConsole.Components.Parts;

namespace Posthaste.WebConsole.Components;

/// <summary>Which samples pages ask for.</summary>
internal static class Windows
{
    /// <summary>Query of the API for all that plots show.</summary>
    public static string Query { get; } = string.Join('&', ((string[])["lengths", "msg_rates"]).Select(static name =>
        $"{name}_age={Plot.AgeSeconds}&{name}_incr={Plot.StepSeconds}"));
}
