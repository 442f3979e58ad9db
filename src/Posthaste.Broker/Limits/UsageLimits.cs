using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Security;

namespace Posthaste.Broker.Limits;

/// <summary>What one user has open, over all protocols, and how fast it may publish.</summary>
internal sealed class UserUsage(string name)
{
    public string Name { get; } = name;

    public int ConnectionCount { get; set; }

    public int ChannelCount { get; set; }

    /// <summary>Null for any rate. Read by connections without a lock.</summary>
    public volatile RateQuota? Rates;
}

/// <summary>
/// Counts connections and channels by user and virtual host, and refuses those over the limits that are set for them.
/// Any thread; asked when a connection or a channel opens or closes, never for messages.
/// </summary>
internal sealed class UsageLimits(MessageBroker broker)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, UserUsage> _users = new(StringComparer.Ordinal);

    /// <summary>Counts a connection.</summary>
    /// <exception cref="BrokerLimitException">The virtual host or the user has as many as may be.</exception>
    public UserUsage Enter(string user, VirtualHost host)
    {
        lock (_lock)
        {
            if (host.Settings.Limits.Limit(LimitNames.Connections) is { } ofHost && host.ConnectionCount >= ofHost)
            {
                throw new BrokerLimitException(
                    $"access to vhost '{host.Name}' refused for user '{user}': connection limit ({ofHost}) is reached");
            }

            var limits = LimitsOf(user);
            var usage = Find(user, limits);
            if (limits.Limit(LimitNames.Connections) is { } ofUser && usage.ConnectionCount >= ofUser)
            {
                throw new BrokerLimitException(
                    $"Connection refused for user '{user}': user connection limit ({ofUser}) is reached");
            }

            usage.ConnectionCount++;
            host.ConnectionCount++;
            return usage;
        }
    }

    /// <summary>A connection has ended, with the channels that it still had.</summary>
    public void Leave(UserUsage usage, VirtualHost host, int channelCount)
    {
        lock (_lock)
        {
            host.ConnectionCount--;
            usage.ConnectionCount--;
            usage.ChannelCount -= channelCount;

            // What a user has taken of a rate is not forgotten by connecting again.
            if (usage.ConnectionCount == 0 && usage.Rates is null) _users.Remove(usage.Name);
        }
    }

    /// <summary>Counts a channel.</summary>
    /// <exception cref="BrokerLimitException">The user has as many as may be.</exception>
    public void OpenChannel(UserUsage usage)
    {
        lock (_lock)
        {
            if (LimitsOf(usage.Name).Limit(LimitNames.Channels) is { } max && usage.ChannelCount >= max)
            {
                throw new BrokerLimitException(
                    $"number of channels opened for user '{usage.Name}' has reached the maximum allowed user limit "
                    + $"of ({max})");
            }

            usage.ChannelCount++;
        }
    }

    public void CloseChannel(UserUsage usage)
    {
        lock (_lock) usage.ChannelCount--;
    }

    /// <summary>The limits of a user have changed, or of any (null). Who is over them already may stay.</summary>
    public void Refresh(string? user)
    {
        lock (_lock)
        {
            foreach (var (name, usage) in _users)
            {
                if (user is null || name == user) usage.Rates = RatesOf(LimitsOf(name), usage.Rates);
            }
        }
    }

    private UserUsage Find(string user, ImmutableSortedDictionary<string, long> limits)
    {
        ref var usage = ref CollectionsMarshal.GetValueRefOrAddDefault(_users, user, out var isKnown);
        return isKnown ? usage! : usage = new UserUsage(user) { Rates = RatesOf(limits, current: null) };
    }

    private ImmutableSortedDictionary<string, long> LimitsOf(string user) =>
        broker.Users.TryGet(user, out var account) ? account.Limits : User.NoLimits;

    private RateQuota? RatesOf(ImmutableSortedDictionary<string, long> limits, RateQuota? current) =>
        RateQuota.For(limits, current, broker.Options.ConnectionTime);
}
