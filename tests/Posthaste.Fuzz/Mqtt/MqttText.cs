using System.Globalization;
using System.Text;
using Posthaste.Fuzz.Wire;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Fuzz.Mqtt;

/// <summary>Shows what the MQTT codec decoded as text that people can compare: one line a packet.</summary>
public static class MqttText
{
    /// <summary>A version as the specifications call it.</summary>
    public static string Name(MqttVersion version) => version switch
    {
        MqttVersion.V31 => "3.1",
        MqttVersion.V311 => "3.1.1",
        MqttVersion.V5 => "5",
        _ => "?",
    };

    public static string Describe(Connect connect)
    {
        var text = new StringBuilder($"connect {Name(connect.Version)}");
        if (connect.CleanStart)
            text.Append(" clean");
        Append(text, $" keep-alive={connect.KeepAliveSeconds} client={WireText.Quote(connect.ClientId)}");
        text.Append(Describe(connect.Properties));
        if (connect.HasWill)
        {
            var will = connect.Will;
            Append(text, $" will={WireText.Quote(will.Topic)} qos={(int)will.QoS}{(will.Retain ? " retain" : "")}");
            Append(text, $" payload={WireText.Quote(will.Payload)}{Describe(will.Properties)}");
        }

        if (connect.HasUserName)
            Append(text, $" user={WireText.Quote(connect.UserName)}");
        if (connect.HasPassword)
            Append(text, $" password={WireText.Quote(connect.Password)}");
        return text.ToString();
    }

    public static string Describe(ConnAck ack) =>
        $"connack {Hex((byte)ack.Code)}{(ack.SessionPresent ? " present" : "")}{Describe(ack.Properties)}";

    public static string Describe(Publish publish) =>
        $"publish qos={(int)publish.QoS}{(publish.Duplicate ? " dup" : "")}{(publish.Retain ? " retain" : "")}"
        + (publish.QoS == QoS.AtMostOnce ? "" : $" id={publish.PacketId}")
        + $" topic={WireText.Quote(publish.Topic)}{Describe(publish.Properties)}"
        + $" payload={WireText.Quote(publish.Payload)}";

    public static string Describe(PublishAnswer answer) =>
        $"{Lower(answer.Type)} id={answer.PacketId} {Hex((byte)answer.Code)}{Describe(answer.Properties)}";

    public static string Describe(Subscribe subscribe)
    {
        var text = new StringBuilder($"subscribe id={subscribe.PacketId}{Describe(subscribe.Properties)}");
        foreach (var subscription in subscribe)
        {
            Append(text, $" {WireText.Quote(subscription.Filter)}:{(int)subscription.MaximumQoS}");
            text.Append(subscription.NoLocal ? " no-local" : "");
            text.Append(subscription.RetainAsPublished ? " retain-as-published" : "");
            if (subscription.RetainHandling != RetainHandling.Send)
                Append(text, $" retain-handling={(int)subscription.RetainHandling}");
        }

        return text.ToString();
    }

    public static string Describe(SubAck ack) =>
        $"suback id={ack.PacketId}{Describe(ack.Properties)} [{Convert.ToHexString(ack.Codes)}]";

    public static string Describe(Unsubscribe unsubscribe)
    {
        var text = new StringBuilder($"unsubscribe id={unsubscribe.PacketId}{Describe(unsubscribe.Properties)}");
        foreach (var filter in unsubscribe)
            Append(text, $" {WireText.Quote(filter)}");
        return text.ToString();
    }

    public static string Describe(UnsubAck ack) =>
        $"unsuback id={ack.PacketId}{Describe(ack.Properties)} [{Convert.ToHexString(ack.Codes)}]";

    public static string Describe(Disconnect disconnect) =>
        $"disconnect {Hex((byte)disconnect.Code)}{Describe(disconnect.Properties)}";

    public static string Describe(Auth auth) => $"auth {Hex((byte)auth.Code)}{Describe(auth.Properties)}";

    /// <summary>The properties in their order, nothing for none.</summary>
    public static string Describe(PropertyList properties)
    {
        if (properties.IsEmpty)
            return "";
        var text = new StringBuilder(" {");
        foreach (var property in properties)
        {
            text.Append(text.Length > 2 ? ", " : "");
            Append(text, $"{property.Id}=");
            text.Append(property.Id.Kind() switch
            {
                PropertyKind.Utf8Pair => $"{WireText.Quote(property.Name)}:{WireText.Quote(property.Value)}",
                PropertyKind.Utf8 or PropertyKind.Topic or PropertyKind.Binary => WireText.Quote(property.Value),
                _ => $"{property.Number}",
            });
        }

        return text.Append('}').ToString();
    }

    public static string Lower(PacketType type) => $"{type}".ToLowerInvariant();

    public static string Hex(byte code) => code.ToString("X2", CultureInfo.InvariantCulture);

    private static void Append(StringBuilder text, FormattableString more) =>
        text.Append(more.ToString(CultureInfo.InvariantCulture));
}
