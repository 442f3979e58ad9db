using static Posthaste.Protocols.Mqtt.Wire.Properties.PropertyScope;

namespace Posthaste.Protocols.Mqtt.Wire.Properties;

/// <summary>How a property's value is written.</summary>
public enum PropertyKind : byte
{
    /// <summary>There is no such property.</summary>
    None,

    /// <summary>One octet that is 0 or 1: everything of one octet in MQTT 5.</summary>
    Bit,
    UInt16,
    UInt32,
    VariableInteger,
    Utf8,

    /// <summary>A string that has to be a topic name.</summary>
    Topic,
    Binary,

    /// <summary>Two strings: a name and a value.</summary>
    Utf8Pair,
}

/// <summary>Table 2-4 of MQTT 5: kind and place of every property.</summary>
public static class PropertyLayout
{
    /// <summary>One more than the highest identifier.</summary>
    public const int Count = (int)PropertyId.SharedSubscriptionAvailable + 1;

    private static readonly PropertyKind[] Kinds = new PropertyKind[Count];
    private static readonly PropertyScope[] Scopes = new PropertyScope[Count];

    static PropertyLayout()
    {
        Set(PropertyId.PayloadFormatIndicator, PropertyKind.Bit, Publish | Will);
        Set(PropertyId.MessageExpiryInterval, PropertyKind.UInt32, Publish | Will);
        Set(PropertyId.ContentType, PropertyKind.Utf8, Publish | Will);
        Set(PropertyId.ResponseTopic, PropertyKind.Topic, Publish | Will);
        Set(PropertyId.CorrelationData, PropertyKind.Binary, Publish | Will);
        Set(PropertyId.SubscriptionIdentifier, PropertyKind.VariableInteger, Publish | Subscribe);
        Set(PropertyId.SessionExpiryInterval, PropertyKind.UInt32, Connect | ConnAck | Disconnect);
        Set(PropertyId.AssignedClientIdentifier, PropertyKind.Utf8, ConnAck);
        Set(PropertyId.ServerKeepAlive, PropertyKind.UInt16, ConnAck);
        Set(PropertyId.AuthenticationMethod, PropertyKind.Utf8, Connect | ConnAck | Auth);
        Set(PropertyId.AuthenticationData, PropertyKind.Binary, Connect | ConnAck | Auth);
        Set(PropertyId.RequestProblemInformation, PropertyKind.Bit, Connect);
        Set(PropertyId.WillDelayInterval, PropertyKind.UInt32, Will);
        Set(PropertyId.RequestResponseInformation, PropertyKind.Bit, Connect);
        Set(PropertyId.ResponseInformation, PropertyKind.Utf8, ConnAck);
        Set(PropertyId.ServerReference, PropertyKind.Utf8, ConnAck | Disconnect);
        Set(PropertyId.ReasonString, PropertyKind.Utf8, All & ~(Connect | Publish | Will | Subscribe | Unsubscribe));
        Set(PropertyId.ReceiveMaximum, PropertyKind.UInt16, Connect | ConnAck);
        Set(PropertyId.TopicAliasMaximum, PropertyKind.UInt16, Connect | ConnAck);
        Set(PropertyId.TopicAlias, PropertyKind.UInt16, Publish);
        Set(PropertyId.MaximumQoS, PropertyKind.Bit, ConnAck);
        Set(PropertyId.RetainAvailable, PropertyKind.Bit, ConnAck);
        Set(PropertyId.UserProperty, PropertyKind.Utf8Pair, All);
        Set(PropertyId.MaximumPacketSize, PropertyKind.UInt32, Connect | ConnAck);
        Set(PropertyId.WildcardSubscriptionAvailable, PropertyKind.Bit, ConnAck);
        Set(PropertyId.SubscriptionIdentifierAvailable, PropertyKind.Bit, ConnAck);
        Set(PropertyId.SharedSubscriptionAvailable, PropertyKind.Bit, ConnAck);
    }

    /// <summary>How the value is written; <see cref="PropertyKind.None"/> for a number that is no property.</summary>
    public static PropertyKind Kind(this PropertyId id) => (int)id < Count ? Kinds[(int)id] : PropertyKind.None;

    /// <summary>The lists that it may stand in; none for a number that is no property.</summary>
    public static PropertyScope Scope(this PropertyId id) => (int)id < Count ? Scopes[(int)id] : None;

    /// <summary>
    /// Whether a list may hold several: user properties anywhere, subscription identifiers in PUBLISH.
    /// </summary>
    public static bool MayRepeat(this PropertyId id, PropertyScope scope) =>
        id == PropertyId.UserProperty || (id == PropertyId.SubscriptionIdentifier && scope == Publish);

    /// <summary>
    /// Whether 0 is a protocol error: sections 3.1.2.11.3, 3.1.2.11.4, 3.2.2.3.3, 3.2.2.3.6, 3.3.2.3.4, 3.8.2.1.2.
    /// </summary>
    public static bool ForbidsZero(this PropertyId id) => id is PropertyId.ReceiveMaximum
        or PropertyId.MaximumPacketSize or PropertyId.TopicAlias or PropertyId.SubscriptionIdentifier;

    private static void Set(PropertyId id, PropertyKind kind, PropertyScope scope)
    {
        Kinds[(int)id] = kind;
        Scopes[(int)id] = scope;
    }
}
