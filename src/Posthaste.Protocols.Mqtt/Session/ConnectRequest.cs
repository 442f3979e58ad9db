using System.Text;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>A CONNECT, kept while the client proves who it is and waits for its session.</summary>
internal sealed class ConnectRequest
{
    private ConnectRequest(in Connect connect)
    {
        var properties = connect.Properties;
        Version = connect.Version;
        ClientId = Encoding.UTF8.GetString(connect.ClientId);
        ClientIdBytes = connect.ClientId.Length;
        CleanStart = connect.CleanStart;
        KeepAliveS = connect.KeepAliveSeconds;
        UserName = connect.HasUserName ? Encoding.UTF8.GetString(connect.UserName) : null;
        Password = connect.HasPassword ? Encoding.UTF8.GetString(connect.Password) : null;
        Method = properties.TryFind(PropertyId.AuthenticationMethod, out var method)
            ? Encoding.UTF8.GetString(method.Value)
            : null;
        Data = properties.Bytes(PropertyId.AuthenticationData).ToArray();

        // A clean session of 3.x ends with its connection, any other lasts for ever [MQTT-3.1.2-4 to 6 of 3.1.1].
        AskedExpiryS = ExpiryS = connect.Version == MqttVersion.V5
            ? properties.Number(PropertyId.SessionExpiryInterval)
            : connect.CleanStart ? 0 : MqttLimits.Never;
        ReceiveMax = (ushort)properties.Number(PropertyId.ReceiveMaximum, ushort.MaxValue);
        PacketBytesMax = properties.Number(PropertyId.MaximumPacketSize, Packet.BytesMax);
        AliasMax = (ushort)properties.Number(PropertyId.TopicAliasMaximum);
        WantsResponseInformation = properties.Number(PropertyId.RequestResponseInformation) != 0;
        Will = connect.HasWill ? StoredWill.Create(connect.Will) : null;
    }

    public MqttVersion Version { get; }

    /// <summary>As sent; one is assigned to a client that sends none.</summary>
    public string ClientId { get; set; }

    /// <summary>Its length in UTF-8.</summary>
    public int ClientIdBytes { get; }

    public bool CleanStart { get; }

    public ushort KeepAliveS { get; }

    public string? UserName { get; }

    public string? Password { get; }

    /// <summary>How the client wants to prove who it is; null for by user name and password.</summary>
    public string? Method { get; }

    /// <summary>The first response of that method.</summary>
    public byte[] Data { get; }

    /// <summary>Seconds that the session shall outlive the connection, as asked for.</summary>
    public uint AskedExpiryS { get; }

    /// <summary>Seconds that it will.</summary>
    public uint ExpiryS { get; set; }

    /// <summary>Deliveries of QoS 1 and 2 that the client takes at a time.</summary>
    public ushort ReceiveMax { get; }

    /// <summary>Bytes of the largest packet that the client takes.</summary>
    public uint PacketBytesMax { get; }

    /// <summary>Topic aliases that the client takes.</summary>
    public ushort AliasMax { get; }

    public bool WantsResponseInformation { get; }

    public StoredWill? Will { get; }

    public static ConnectRequest Of(in Connect connect) => new(connect);
}
