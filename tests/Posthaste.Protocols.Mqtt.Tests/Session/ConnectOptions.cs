using System.Text;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>A property to send, or one that came.</summary>
internal sealed record TestProperty(PropertyId Id, uint Number, string Name, byte[] Value)
{
    public static TestProperty Of(PropertyId id, uint number) => new(id, number, "", []);

    public static TestProperty Of(PropertyId id, string text) =>
        new(id, 0, "", Encoding.UTF8.GetBytes(text));

    public static TestProperty User(string name, string value) =>
        new(PropertyId.UserProperty, 0, name, Encoding.UTF8.GetBytes(value));

    public string Text => Encoding.UTF8.GetString(Value);
}

/// <summary>What a test says in CONNECT beside its identifier.</summary>
internal sealed record ConnectOptions
{
    public bool CleanStart { get; init; } = true;

    public ushort KeepAliveSeconds { get; init; }

    public string? UserName { get; init; }

    public string? Password { get; init; }

    public string? WillTopic { get; init; }

    public string WillPayload { get; init; } = "";

    public QoS WillQoS { get; init; }

    public bool WillRetain { get; init; }

    public TestProperty[] WillProperties { get; init; } = [];

    public TestProperty[] Properties { get; init; } = [];

    /// <summary>A session that outlives its connection by so many seconds.</summary>
    public static ConnectOptions Kept(uint expiryS = 3600, bool cleanStart = false) => new()
    {
        CleanStart = cleanStart,
        Properties = [TestProperty.Of(PropertyId.SessionExpiryInterval, expiryS)],
    };
}
