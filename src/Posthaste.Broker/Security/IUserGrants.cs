using Posthaste.Broker.Security.Access;

namespace Posthaste.Broker.Security;

/// <summary>
/// What a user may do whom the user store does not know: as a token says, or a service that is asked. Any thread.
/// </summary>
public interface IUserGrants
{
    /// <summary>
    /// Whether somebody else is asked when something is done for the first time, so that the thread waits.
    /// </summary>
    bool AsksElsewhere { get; }

    /// <summary>
    /// Finds out whether the user may enter a virtual host. Before <see cref="RulesFor"/> where others are asked.
    /// </summary>
    ValueTask PrepareAsync(string virtualHost);

    /// <summary>What the user may do in a virtual host.</summary>
    AccessRules RulesFor(string virtualHost);
}
