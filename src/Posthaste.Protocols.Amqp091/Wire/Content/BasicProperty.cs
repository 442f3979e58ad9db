namespace Posthaste.Protocols.Amqp091.Wire.Content;

/// <summary>
/// The properties of the basic class in the order of their flags and of the list: the value is the number of the
/// flag, counted from the highest bit of the flags.
/// </summary>
public enum BasicProperty
{
    ContentType = 0,
    ContentEncoding = 1,
    Headers = 2,
    DeliveryMode = 3,
    Priority = 4,
    CorrelationId = 5,
    ReplyTo = 6,
    Expiration = 7,
    MessageId = 8,
    Timestamp = 9,
    Type = 10,
    UserId = 11,
    AppId = 12,
    ClusterId = 13,
}

/// <summary>Where the properties are in the flags, and what shape their values have.</summary>
internal static class BasicPropertyLayout
{
    public const int Count = 14;

    /// <summary>Flags of properties that are no short string.</summary>
    public const int HeadersFlag = 1 << (15 - (int)BasicProperty.Headers);
    public const int OctetFlags = Flag12 | Flag11;
    public const int TimestampFlag = 1 << (15 - (int)BasicProperty.Timestamp);

    /// <summary>
    /// Bit 1 belongs to no property, and bit 0 would announce another word of flags, which the 14 properties never
    /// need.
    /// </summary>
    public const int UnusedFlags = 0b11;

    private const int Flag12 = 1 << (15 - (int)BasicProperty.DeliveryMode);
    private const int Flag11 = 1 << (15 - (int)BasicProperty.Priority);

    public static int Flag(this BasicProperty property) => 1 << (15 - (int)property);
}
