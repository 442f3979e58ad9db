using System.Text;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>What the broker grants a client, as the properties of CONNACK (section 3.2.2.3).</summary>
internal static class ConnAckProperties
{
    // Numbers and short texts; the proof of the server may come on top.
    private const int BytesMax = 2048;

    public static PropertyList Write(
        ConnectRequest request, MqttLimits limits, uint packetBytesMax, int keepAliveS, bool isIdAssigned,
        ReadOnlySpan<byte> proof)
    {
        if (request.Version != MqttVersion.V5)
            return default;
        var writer = new PropertyWriter(new byte[BytesMax + proof.Length]);
        if (request.ExpiryS != request.AskedExpiryS)
            writer.Number(PropertyId.SessionExpiryInterval, request.ExpiryS);
        if (limits.ReceiveMax != ushort.MaxValue)
            writer.Number(PropertyId.ReceiveMaximum, limits.ReceiveMax);
        writer.Number(PropertyId.MaximumPacketSize, packetBytesMax);
        if (isIdAssigned)
            writer.Bytes(PropertyId.AssignedClientIdentifier, Encoding.UTF8.GetBytes(request.ClientId));
        writer.Number(PropertyId.TopicAliasMaximum, limits.TopicAliasMax);
        if (keepAliveS != request.KeepAliveS)
            writer.Number(PropertyId.ServerKeepAlive, (uint)keepAliveS);

        // What the client's own replies may be sent to: a prefix that no other client subscribes to by accident.
        if (request.WantsResponseInformation)
            writer.Bytes(PropertyId.ResponseInformation, Encoding.UTF8.GetBytes($"replies/{request.ClientId}/"));
        if (request.Method is { } method)
        {
            writer.Bytes(PropertyId.AuthenticationMethod, Encoding.UTF8.GetBytes(method));
            if (!proof.IsEmpty)
                writer.Bytes(PropertyId.AuthenticationData, proof);
        }

        return writer.List;
    }
}
