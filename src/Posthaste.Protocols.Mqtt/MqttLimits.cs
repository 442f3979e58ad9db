namespace Posthaste.Protocols.Mqtt;

/// <summary>What MQTT clients may use, and what those get that name no user.</summary>
public sealed record MqttLimits
{
    /// <summary>Means "never" where seconds are given, as 0xFFFFFFFF does on the wire.</summary>
    public const uint Never = uint.MaxValue;

    /// <summary>
    /// Bytes of a CONNECT packet. Default 262,144: will, user name, password and properties are 64 KiB each at most,
    /// and nobody has said who he is yet.
    /// </summary>
    public int ConnectBytesMax { get; init; } = 256 * 1024;

    /// <summary>
    /// Bytes of any later packet beyond what the broker's largest message takes. Default 131,072: topic and properties
    /// of 64 KiB each.
    /// </summary>
    public int PacketOverheadBytesMax { get; init; } = 128 * 1024;

    /// <summary>
    /// Whether a client is disconnected that publishes or subscribes where it may not, instead of being told so by a
    /// reason code, which 3.x has none of for a publish. Default false.
    /// </summary>
    public bool DisconnectsDenied { get; init; }

    /// <summary>Milliseconds from accept to CONNECT, authentication included. Default 10,000 as in RabbitMQ.</summary>
    public int ConnectMsMax { get; init; } = 10_000;

    /// <summary>Milliseconds for the last bytes to leave. Default 5,000.</summary>
    public int CloseMsMax { get; init; } = 5_000;

    /// <summary>
    /// Longest keep-alive in seconds; 0 lets the client choose any, none included. A longer one is answered with
    /// Server Keep Alive. Default 0: half-open connections cost memory, but that is the client's choice.
    /// </summary>
    public ushort KeepAliveSecondsMax { get; init; }

    /// <summary>
    /// Longest time in seconds that a session outlives its connection; <see cref="Never"/> for no limit. Default
    /// 604,800 (a week): a device that is off over the holidays finds its messages, one that is thrown away does not
    /// fill the disk for ever. RabbitMQ: a day; 3.x sessions last as long as this allows.
    /// </summary>
    public uint SessionExpirySecondsMax { get; init; } = 7 * 24 * 3600;

    /// <summary>
    /// Sessions that outlive their connections, of one virtual host. Default 1,000,000: 1 to 2 KB each with their
    /// queue.
    /// </summary>
    public int SessionsMax { get; init; } = 1_000_000;

    /// <summary>
    /// Publishes of QoS 1 and 2 that a client may have under way. Default 8,192: more than a sync's worth at full
    /// speed; each of QoS 2 is a note in the journal until it is released. MQTT 5 clients are told.
    /// </summary>
    public ushort ReceiveMax { get; init; } = 8_192;

    /// <summary>
    /// Deliveries of QoS 1 and 2 that a client may have unanswered, whatever it allows itself. Default 2,048: keeps a
    /// fast client busy; 3.x clients cannot say how many they take.
    /// </summary>
    public ushort InFlightMax { get; init; } = 2_048;

    /// <summary>
    /// Topic aliases that a client may set. Default 1,024: up to 64 KiB each is what a hostile client can make us hold.
    /// </summary>
    public ushort TopicAliasMax { get; init; } = 1_024;

    /// <summary>Topic aliases that the broker sets for a client that takes them. Default 128.</summary>
    public ushort OwnTopicAliasMax { get; init; } = 128;

    /// <summary>
    /// Subscriptions of one client. Default 500,000: about 500 bytes each with their binding; refused with quota
    /// exceeded beyond that.
    /// </summary>
    public int SubscriptionsMax { get; init; } = 500_000;

    /// <summary>Bytes of a topic filter. Default 16,384: each is kept as a note. Topic names may have 65,535.</summary>
    public int FilterBytesMax { get; init; } = 16_384;

    /// <summary>Levels of a topic filter. Default 256: each is a node of 100 bytes and more.</summary>
    public int FilterLevelsMax { get; init; } = 256;

    /// <summary>
    /// Bytes of a will with topic and properties. Default 60,000: it has to fit a note of the journal.
    /// </summary>
    public int WillBytesMax { get; init; } = 60_000;

    /// <summary>
    /// Messages that wait for a subscriber of QoS 0 that reads too slowly; then the oldest are dropped. Default
    /// 100,000.
    /// </summary>
    public int SlowSubscriberMessagesMax { get; init; } = 100_000;

    /// <summary>Bytes of bodies of such messages; then the oldest are dropped. Default 16 MiB.</summary>
    public long SlowSubscriberBytesMax { get; init; } = 16 << 20;

    /// <summary>
    /// Bytes of bodies that a session keeps of QoS 1 and 2 for a client that is away or slow; then the oldest are
    /// dropped. Default 1 GiB, on disk for durable sessions: a week of what a device gets, not a disk.
    /// </summary>
    public long SessionBytesMax { get; init; } = 1L << 30;

    /// <summary>
    /// User of clients that name none; null refuses them. Default <c>guest</c>, which the default authenticator lets
    /// in from this machine only.
    /// </summary>
    public string? AnonymousUser { get; init; } = "guest";

    /// <summary>The password that goes with <see cref="AnonymousUser"/>.</summary>
    public string AnonymousPassword { get; init; } = "guest";

    /// <summary>
    /// Seconds between two looks at the `$SYS` topics that somebody subscribes to. Default 10 as in Mosquitto; 0 for no
    /// such topics.
    /// </summary>
    public int SystemTopicsSeconds { get; init; } = 10;

    internal static MqttLimits Default { get; } = new();
}
