namespace Posthaste.Broker.Security.Remote;

/// <summary>
/// An HTTP service that knows users, as RabbitMQ's `rabbitmq_auth_backend_http` asks it. Must not change while a
/// broker runs.
/// </summary>
public sealed class HttpBackendOptions
{
    /// <summary>Address that is asked who a user is, by name and password.</summary>
    public string? UserPath { get; set; }

    /// <summary>Address that is asked whether a user may enter a virtual host.</summary>
    public string? VirtualHostPath { get; set; }

    /// <summary>Address that is asked what a user may do with a queue or an exchange.</summary>
    public string? ResourcePath { get; set; }

    /// <summary>
    /// Address that is asked which routing keys a user may use with a topic exchange. Default null: all.
    /// </summary>
    public string? TopicPath { get; set; }

    /// <summary>
    /// Whether questions are in the body of a POST instead of an address, where logs of servers show passwords.
    /// Default false, as in RabbitMQ.
    /// </summary>
    public bool UsesPost { get; set; }

    /// <summary>Milliseconds for an answer. Default 5,000: half of what a login has.</summary>
    public int TimeoutMs { get; set; } = 5_000;

    /// <summary>
    /// PEM file with the authorities that the service's certificate comes from. Default null: the system's.
    /// </summary>
    public string? AuthorityFile { get; set; }

    /// <summary>
    /// Milliseconds for which an answer is believed; what a user does is asked again afterwards. Default 15,000, as in
    /// RabbitMQ's cache.
    /// </summary>
    public int CacheMs { get; set; } = 15_000;

    /// <summary>
    /// Answers that are remembered. Default 100,000, some 300 bytes each: ten for each of ten thousand devices.
    /// </summary>
    public int CacheEntriesMax { get; set; } = 100_000;

    /// <summary>Whether refusals are remembered too. Default false, as in RabbitMQ.</summary>
    public bool CachesRefusals { get; set; }

    /// <exception cref="ArgumentException">The settings do not go together.</exception>
    internal void Validate()
    {
        Require(UserPath, "UserPath");
        Require(VirtualHostPath, "VhostPath");
        Require(ResourcePath, "ResourcePath");
        if (TopicPath is not null) Require(TopicPath, "TopicPath");
        if (TimeoutMs < 1) throw new ArgumentException("An HTTP backend needs time for its answers (TimeoutMs).");
        if (CacheMs < 1 || CacheEntriesMax < 1)
            throw new ArgumentException("Answers of an HTTP backend have to be remembered for a while.");
    }

    private static void Require(string? address, string name)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new ArgumentException($"HttpAuth:{name} is '{address}'; it has to be an address of http or https.");
    }
}
