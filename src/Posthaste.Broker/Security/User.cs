using System.Collections.Immutable;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Security.Passwords;

namespace Posthaste.Broker.Security;

/// <summary>Someone who may use the broker, as the user store keeps it. Immutable.</summary>
/// <param name="Name">Unique, case matters.</param>
public sealed record User(string Name)
{
    /// <summary>Bytes of a name at most, as UTF-8: what AMQP's short strings carry.</summary>
    public const int NameBytesMax = 255;

    /// <summary>
    /// Hashes of the password, each by another algorithm: the first serves plain logins, SCRAM finds its own. Empty:
    /// no login by password.
    /// </summary>
    public ImmutableArray<PasswordHash> Passwords { get; init; } = [];

    /// <summary>
    /// What the user may do beyond messages: `administrator`, `monitoring`, `policymaker`, `management`,
    /// `impersonator`; others mean nothing to the broker.
    /// </summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>No limit of any kind.</summary>
    public static ImmutableSortedDictionary<string, long> NoLimits { get; } =
        ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);

    /// <summary>By names of <see cref="LimitNames.OfUsers"/>; what is missing or negative is no limit.</summary>
    public ImmutableSortedDictionary<string, long> Limits { get; init; } = NoLimits;

    public bool HasTag(string tag) => Tags.Contains(tag);
}

/// <summary>Tags that mean something.</summary>
public static class UserTags
{
    public const string Administrator = "administrator";
    public const string Monitoring = "monitoring";
    public const string PolicyMaker = "policymaker";
    public const string Management = "management";
    public const string Impersonator = "impersonator";
}
