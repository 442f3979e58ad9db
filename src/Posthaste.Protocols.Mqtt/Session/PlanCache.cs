using System.Text;
using Posthaste.Protocols.Mqtt.Format;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Topics;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// The plans of the topics that a client gets messages of. The last one costs a comparison of bytes, the others a hash.
/// Guarded by the output's gate.
/// </summary>
internal sealed class PlanCache(SubscriptionTable subscriptions, int aliasMax)
{
    // Plans kept; when it is full all are forgotten. Some 200 bytes each: a quarter of a megabyte for a client that
    // subscribes to everything.
    private const int PlansMax = 1024;

    // Longer topics are planned each time: they are rare, and a thousand of 64 KiB would be 64 MiB.
    private const int CachedTopicBytesMax = 1024;

    private readonly List<TopicSubscription> _matching = [];
    private Dictionary<byte[], DeliveryPlan>? _plans;
    private Dictionary<byte[], ushort>? _aliases;
    private byte[] _lastKey = [];
    private DeliveryPlan? _last;
    private int _version;

    /// <summary>The plan for messages with this routing key.</summary>
    public DeliveryPlan For(ReadOnlySpan<byte> key)
    {
        if (_version != subscriptions.Version)
            Forget();
        else if (_last is { } last && key.SequenceEqual(_lastKey))
            return last;
        else if (_plans is not null && _plans.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(
            key, out var bytes, out var known))
            return Remember(bytes, known);

        var plan = Make(key);
        if (key.Length > CachedTopicBytesMax)
            return plan;
        _plans ??= new Dictionary<byte[], DeliveryPlan>(BytesComparer.Instance);
        if (_plans.Count >= PlansMax)
            Forget();
        var owned = key.ToArray();
        _plans[owned] = plan;
        return Remember(owned, plan);
    }

    /// <summary>
    /// Gives the topic an alias, as long as the client takes more of them. Half of them go to whatever topic comes: a
    /// client that gets messages of a few is spared their names from the second message on. The other half is for
    /// topics that come again, since with many there are more that do not.
    /// </summary>
    /// <returns>Whether the plan has one that the client does not know yet.</returns>
    public bool TryAssignAlias(ReadOnlySpan<byte> key, DeliveryPlan plan)
    {
        if (plan.Alias != 0 || key.Length > CachedTopicBytesMax)
            return false;
        var countMax = plan.IsUsed ? aliasMax : (aliasMax + 1) / 2;
        plan.IsUsed = true;
        if ((_aliases?.Count ?? 0) >= countMax)
            return false;
        _aliases ??= new Dictionary<byte[], ushort>(BytesComparer.Instance);
        plan.Alias = (ushort)(_aliases.Count + 1);
        _aliases.Add(key.ToArray(), plan.Alias);
        return true;
    }

    /// <summary>The client was not told of the alias assigned last.</summary>
    public void TakeBackAlias(ReadOnlySpan<byte> key, DeliveryPlan plan)
    {
        _aliases!.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(key);
        plan.Alias = 0;
    }

    private DeliveryPlan Remember(byte[] key, DeliveryPlan plan)
    {
        _lastKey = key;
        _last = plan;
        return plan;
    }

    private void Forget()
    {
        _plans?.Clear();
        _last = null;
        _version = subscriptions.Version;
    }

    private DeliveryPlan Make(ReadOnlySpan<byte> key)
    {
        if (key.Length > Utf8Text.BytesMax)
            return Undeliverable;
        var topic = new byte[key.Length];
        TopicKeys.Swap(key, topic);
        if (!TopicName.IsValid(topic))
            return Undeliverable;

        _matching.Clear();
        subscriptions.Match(Encoding.UTF8.GetString(topic), _matching);
        var remote = Grant.Of(_matching, isLocal: false);
        return new DeliveryPlan
        {
            Topic = topic,
            Remote = remote,
            Local = subscriptions.HasNoLocal ? Grant.Of(_matching, isLocal: true) : remote,
            Alias = AliasOf(key),
        };
    }

    private ushort AliasOf(ReadOnlySpan<byte> key) =>
        _aliases is not null && _aliases.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var alias)
            ? alias
            : (ushort)0;

    /// <summary>For keys that other protocols may use but MQTT cannot name.</summary>
    private static DeliveryPlan Undeliverable { get; } =
        new() { Topic = [], Remote = Grant.None, Local = Grant.None };
}
