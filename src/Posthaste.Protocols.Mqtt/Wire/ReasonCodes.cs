namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>Which packet may carry which reason code, and what 3.x says instead.</summary>
public static class ReasonCodes
{
    /// <summary>Whether the code says that something failed.</summary>
    public static bool IsFailure(this ReasonCode code) => code >= ReasonCode.UnspecifiedError;

    /// <summary>
    /// Whether MQTT 5 lets this packet carry this code: the tables of sections 3.2.2.2 to 3.15.2.1.
    /// </summary>
    public static bool MayCarry(this PacketType type, ReasonCode code) => type switch
    {
        PacketType.ConnAck => code is ReasonCode.Success
            or >= ReasonCode.UnspecifiedError and <= ReasonCode.Banned
            or ReasonCode.BadAuthenticationMethod or ReasonCode.TopicNameInvalid or ReasonCode.PacketTooLarge
            or ReasonCode.QuotaExceeded or >= ReasonCode.PayloadFormatInvalid and <= ReasonCode.ServerMoved
            or ReasonCode.ConnectionRateExceeded,
        PacketType.PubAck or PacketType.PubRec => code
            is ReasonCode.Success or ReasonCode.NoMatchingSubscribers or ReasonCode.UnspecifiedError
            or ReasonCode.ImplementationSpecificError or ReasonCode.NotAuthorized or ReasonCode.TopicNameInvalid
            or ReasonCode.PacketIdentifierInUse or ReasonCode.QuotaExceeded or ReasonCode.PayloadFormatInvalid,
        PacketType.PubRel or PacketType.PubComp =>
            code is ReasonCode.Success or ReasonCode.PacketIdentifierNotFound,
        PacketType.SubAck => code
            is <= ReasonCode.GrantedQoS2 or ReasonCode.UnspecifiedError or ReasonCode.ImplementationSpecificError
            or ReasonCode.NotAuthorized or ReasonCode.TopicFilterInvalid or ReasonCode.PacketIdentifierInUse
            or ReasonCode.QuotaExceeded or ReasonCode.SharedSubscriptionsNotSupported
            or ReasonCode.SubscriptionIdentifiersNotSupported or ReasonCode.WildcardSubscriptionsNotSupported,
        PacketType.UnsubAck => code
            is ReasonCode.Success or ReasonCode.NoSubscriptionExisted or ReasonCode.UnspecifiedError
            or ReasonCode.ImplementationSpecificError or ReasonCode.NotAuthorized or ReasonCode.TopicFilterInvalid
            or ReasonCode.PacketIdentifierInUse,
        PacketType.Disconnect => code
            is ReasonCode.Success or ReasonCode.DisconnectWithWill
            or >= ReasonCode.UnspecifiedError and <= ReasonCode.ImplementationSpecificError
            or ReasonCode.NotAuthorized or ReasonCode.ServerBusy or ReasonCode.ServerShuttingDown
            or >= ReasonCode.BadAuthenticationMethod and <= ReasonCode.TopicNameInvalid
            or >= ReasonCode.ReceiveMaximumExceeded and <= ReasonCode.WildcardSubscriptionsNotSupported,
        PacketType.Auth =>
            code is ReasonCode.Success or ReasonCode.ContinueAuthentication or ReasonCode.ReAuthenticate,
        _ => false,
    };

    /// <summary>
    /// The return code of a 3.x CONNACK (3.1.1 table 3.1). What it has no number for is "server unavailable": the
    /// one that asks the client for nothing but to come again.
    /// </summary>
    public static byte ToConnectReturnCode(ReasonCode code) => code switch
    {
        ReasonCode.Success => 0,
        ReasonCode.UnsupportedProtocolVersion => 1,
        ReasonCode.ClientIdentifierNotValid => 2,
        ReasonCode.BadUserNameOrPassword or ReasonCode.BadAuthenticationMethod => 4,
        ReasonCode.NotAuthorized or ReasonCode.Banned => 5,
        _ => 3,
    };

    /// <summary>The reason that a 3.x return code stands for; false for a number that is reserved.</summary>
    public static bool TryFromConnectReturnCode(byte returnCode, out ReasonCode code)
    {
        code = returnCode switch
        {
            0 => ReasonCode.Success,
            1 => ReasonCode.UnsupportedProtocolVersion,
            2 => ReasonCode.ClientIdentifierNotValid,
            3 => ReasonCode.ServerUnavailable,
            4 => ReasonCode.BadUserNameOrPassword,
            5 => ReasonCode.NotAuthorized,
            _ => ReasonCode.UnspecifiedError,
        };
        return code != ReasonCode.UnspecifiedError;
    }
}
