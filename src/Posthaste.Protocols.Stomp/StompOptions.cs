using Posthaste.Broker;

namespace Posthaste.Protocols.Stomp;

/// <summary>How STOMP is spoken. The defaults are RabbitMQ's.</summary>
public sealed record StompOptions
{
    /// <summary>What a connection may use.</summary>
    public StompLimits Limits { get; init; } = StompLimits.Default;

    /// <summary>
    /// The user of a CONNECT without `login`; null refuses it. Default guest, whom the default authenticator lets in
    /// from this machine only.
    /// </summary>
    public string? DefaultLogin { get; init; } = "guest";

    /// <summary>The passcode that goes with <see cref="DefaultLogin"/>.</summary>
    public string DefaultPasscode { get; init; } = "guest";

    /// <summary>The virtual host of a CONNECT without `host`.</summary>
    public string DefaultVirtualHost { get; init; } = MessageBroker.DefaultVirtualHost;

    /// <summary>
    /// Whether a first frame other than CONNECT is taken for one by <see cref="DefaultLogin"/> that asks for 1.0. The
    /// client gets no CONNECTED. Default false.
    /// </summary>
    public bool AcceptsImplicitConnect { get; init; }

    internal static StompOptions Default { get; } = new();
}
