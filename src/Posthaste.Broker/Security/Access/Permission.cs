namespace Posthaste.Broker.Security.Access;

/// <summary>What a permission is asked for.</summary>
public enum AccessKind
{
    /// <summary>Declare and delete.</summary>
    Configure,

    /// <summary>Publish to an exchange, bind to a queue.</summary>
    Write,

    /// <summary>Consume from, get from and purge a queue; bind from an exchange.</summary>
    Read,
}

/// <summary>What a permission is about.</summary>
public enum AccessTarget
{
    Queue,
    Exchange,
}

/// <summary>
/// What a user may do in a virtual host, by name of queue or exchange. A user without one may not enter it.
/// </summary>
public sealed record Permission(AccessPattern Configure, AccessPattern Write, AccessPattern Read)
{
    /// <summary>Everything.</summary>
    public static Permission Full { get; } = Create(".*", ".*", ".*");

    /// <exception cref="FormatException">One of them is no regular expression.</exception>
    public static Permission Create(string configure, string write, string read) =>
        new(Parse(configure), Parse(write), Parse(read));

    internal AccessPattern For(AccessKind kind) => kind switch
    {
        AccessKind.Configure => Configure,
        AccessKind.Write => Write,
        _ => Read,
    };

    internal static AccessPattern Parse(string text) =>
        AccessPattern.TryParse(text, out var pattern, out var fault) ? pattern : throw new FormatException(fault);
}

/// <summary>
/// What a user may do through a topic exchange, by routing key. `{username}`, `{vhost}` and `{client_id}` in the
/// expressions stand for those of the connection, literally. An exchange without one allows all keys.
/// </summary>
/// <param name="Write">Keys that may be published with.</param>
/// <param name="Read">Keys that may be bound with.</param>
public sealed record TopicPermission(string Write, string Read);
