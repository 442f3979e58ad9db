namespace Posthaste.Broker.Events;

/// <summary>
/// On whose behalf this flow of control changes what belongs to the broker as a whole (users, permissions, policies):
/// the management API says so for each request, and events tell.
/// </summary>
public static class ActingUser
{
    /// <summary>The broker itself, by RabbitMQ's name for it.</summary>
    public const string Internal = "rmq-internal";

    private static readonly AsyncLocal<string?> Current = new();

    /// <summary>Who acts; <see cref="Internal"/> while nobody has said so.</summary>
    public static string Name => Current.Value ?? Internal;

    /// <summary>Says who acts from here on, in this flow of control.</summary>
    public static void Set(string name) => Current.Value = name;
}
