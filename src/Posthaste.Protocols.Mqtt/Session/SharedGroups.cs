using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Core.Catalog;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Mqtt.Format;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// Who is in which group of shared subscriptions, connected or not: the queue of a group comes with its first member
/// and goes with its last. Any thread.
/// </summary>
/// <remarks>
/// The lock comes before the catalog's and is held while a queue comes or goes, so nobody joins a group whose queue is
/// being deleted.
/// </remarks>
internal sealed class SharedGroups
{
    /// <summary>Classic, whatever the virtual host's default is, as the sessions' own queues.</summary>
    private static readonly FieldTable Arguments =
        [new(QueueArguments.Type, QueueTypes.NameOf(QueueType.Classic))];

    private readonly Lock _lock = new();
    private readonly Dictionary<(VirtualHost Host, string QueueName), HashSet<string>> _members = [];

    /// <summary>A client is in the group from now on.</summary>
    /// <returns>The group's queue, or why the client may not.</returns>
    public (BrokerQueue? Queue, CatalogError? Error) Join(
        VirtualHost host, SharedGroup group, string clientId, BrokerConnection by)
    {
        lock (_lock)
        {
            var declared = host.DeclareQueue(
                group.QueueName, passive: false, durable: true, exclusive: false, autoDelete: false, Arguments, by);
            if (declared.Error is not null)
                return (null, declared.Error);
            var bound = host.BindQueue(
                group.QueueName, MqttHandler.Exchange, TopicKeys.ToBindingKey(group.Filter), FieldTable.Empty, by);
            if (bound.Error is null)
                MembersOf(host, group.QueueName).Add(clientId);
            else if (!_members.ContainsKey((host, group.QueueName)))
                host.RemoveQueue(group.QueueName);
            return (declared.Queue, bound.Error);
        }
    }

    /// <summary>A client leaves; with the last one the queue goes, and what is in it.</summary>
    public void Leave(VirtualHost host, SharedGroup group, string clientId)
    {
        lock (_lock)
        {
            if (!_members.TryGetValue((host, group.QueueName), out var members) || !members.Remove(clientId)
                || members.Count > 0)
            {
                return;
            }

            _members.Remove((host, group.QueueName));
            host.RemoveQueue(group.QueueName);
        }
    }

    /// <summary>A session of an earlier life of the broker was in the group.</summary>
    public void Restore(VirtualHost host, SharedGroup group, string clientId)
    {
        lock (_lock)
            MembersOf(host, group.QueueName).Add(clientId);
    }

    /// <summary>The virtual host is deleted, and with it the groups' queues.</summary>
    public void Forget(VirtualHost host)
    {
        lock (_lock)
        {
            foreach (var group in _members.Keys.Where(group => group.Host == host).ToArray())
                _members.Remove(group);
        }
    }

    public bool HasMembers(VirtualHost host, string queueName)
    {
        lock (_lock)
            return _members.ContainsKey((host, queueName));
    }

    private HashSet<string> MembersOf(VirtualHost host, string queueName)
    {
        if (!_members.TryGetValue((host, queueName), out var members))
            _members[(host, queueName)] = members = new HashSet<string>(StringComparer.Ordinal);
        return members;
    }
}
