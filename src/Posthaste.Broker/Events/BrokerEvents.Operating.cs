using System.Collections.Immutable;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Policies;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Policies;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Events;

/// <summary>What operators change: virtual hosts, users, permissions, policies, parameters, limits.</summary>
public sealed partial class BrokerEvents
{
    private static KeyValuePair<string, FieldValue> ByOperator => By(ActingUser.Name);

    internal void VirtualHostAdded(string name)
    {
        if (_isWatched) Add("vhost.created", [new("name", name), ByOperator]);
    }

    internal void VirtualHostRemoved(string name)
    {
        if (_isWatched) Add("vhost.deleted", [new("name", name), ByOperator]);
    }

    internal void VirtualHostChanged(string name, VirtualHostSettings before, VirtualHostSettings now)
    {
        if (!_isWatched) return;
        if (before with { Limits = now.Limits } != now)
        {
            Add("vhost.updated",
            [
                new("name", name), new("description", now.Description), new("tags", Texts(now.Tags)),
                new("tracing", now.IsTracing), ByOperator,
            ]);
        }

        LimitsChanged("vhost", "vhost", name, before.Limits, now.Limits);
    }

    /// <param name="before">Null for a user who is new.</param>
    internal void UserPut(User? before, User now)
    {
        if (!_isWatched) return;
        if (before is null) Add("user.created", [new("name", now.Name), ByOperator]);
        else if (!before.Passwords.SequenceEqual(now.Passwords))
        {
            Add(now.Passwords.IsEmpty ? "user.password.cleared" : "user.password.changed",
                [new("name", now.Name), ByOperator]);
        }

        if (!(before?.Tags ?? []).SequenceEqual(now.Tags))
            Add("user.tags.set", [new("name", now.Name), new("tags", Texts(now.Tags)), ByOperator]);
        LimitsChanged("user", "username", now.Name, before?.Limits ?? User.NoLimits, now.Limits);
    }

    internal void UserRemoved(string name)
    {
        if (_isWatched) Add("user.deleted", [new("name", name), ByOperator]);
    }

    /// <param name="permission">Null when it is taken away.</param>
    internal void PermissionSet(string user, string virtualHost, Permission? permission)
    {
        if (!_isWatched) return;
        if (permission is null)
        {
            Add("permission.deleted", [new("user", user), new("vhost", virtualHost), ByOperator]);
            return;
        }

        Add("permission.created",
        [
            new("user", user), new("vhost", virtualHost), new("configure", permission.Configure.Text),
            new("write", permission.Write.Text), new("read", permission.Read.Text), ByOperator,
        ]);
    }

    /// <param name="permission">Null when it is taken away.</param>
    internal void TopicPermissionSet(string user, string virtualHost, string exchange, TopicPermission? permission)
    {
        if (!_isWatched) return;
        Add(permission is null ? "topic.permission.deleted" : "topic.permission.created",
        [
            new("user", user), new("vhost", virtualHost), new("exchange", exchange),
            .. permission is null
                ? []
                : (KeyValuePair<string, FieldValue>[])
                    [new("write", permission.Write), new("read", permission.Read)],
            ByOperator,
        ]);
    }

    internal void PolicySet(string virtualHost, Policy policy)
    {
        if (!_isWatched) return;
        Add("policy.set",
        [
            new("name", policy.Name), new("vhost", virtualHost), new("pattern", policy.Pattern),
            new("apply-to", policy.AppliesTo.WireName()),
            new("priority", (long)policy.Priority), new("definition", policy.Definition), ByOperator,
        ]);
    }

    internal void PolicyCleared(string virtualHost, PolicyKind kind, string name)
    {
        if (!_isWatched) return;
        Add(kind == PolicyKind.User ? "policy.cleared" : "operator.policy.cleared",
            [new("name", name), new("vhost", virtualHost), ByOperator]);
    }

    /// <param name="json">Its value; null when it is taken away.</param>
    internal void GlobalParameterSet(string name, string? json)
    {
        if (!_isWatched) return;
        if (json is null) Add("parameter.cleared", [new("component", "global"), new("name", name), ByOperator]);
        else Add("parameter.set", [new("component", "global"), new("name", name), new("value", json), ByOperator]);
    }

    private void LimitsChanged(
        string what, string nameField, string name, ImmutableSortedDictionary<string, long> before,
        ImmutableSortedDictionary<string, long> now)
    {
        if (before.SequenceEqual(now)) return;
        Add(now.IsEmpty ? $"{what}.limits.cleared" : $"{what}.limits.set",
        [
            new("name", "limits"), new(nameField, name),
            .. now.Select(static limit => KeyValuePair.Create(limit.Key, (FieldValue)limit.Value)), ByOperator,
        ]);
    }

    private static FieldValue Texts(ImmutableArray<string> texts) =>
        FieldValue.Array([.. texts.Select(static text => FieldValue.String(text))]);
}
