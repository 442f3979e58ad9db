using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Format;

/// <summary>Reads what MQTT clients published for all others: docs/protocols/mapping.md has the table.</summary>
public sealed class MqttFormat : CanonicalFormat
{
    /// <summary>The properties that MQTT has no place for, carried as user properties.</summary>
    internal const CarriedProperties Carried = CarriedProperties.Priority | CarriedProperties.Timestamp
        | CarriedProperties.ContentEncoding | CarriedProperties.MessageId | CarriedProperties.Type
        | CarriedProperties.UserId | CarriedProperties.AppId;

    // A client may say what it likes in a user property, but not who it is.
    private const CarriedProperties TakenBack = (Carried & ~CarriedProperties.UserId)
        | CarriedProperties.ContentType | CarriedProperties.CorrelationId | CarriedProperties.ReplyTo;

    private const int MsPerSecond = 1000;

    public override PropertyFormat Format => PropertyFormat.Mqtt;

    public override void ReadProperties(in MessageView message, MessageProperties into)
    {
        ArgumentNullException.ThrowIfNull(into);
        var facts = PublishFacts.Read(message.Properties, out var properties);
        if (facts.ExpiryS is { } expiryS)
            into.ExpirationMs = (long)expiryS * MsPerSecond;
        foreach (var property in PropertyList.OfChecked(properties))
        {
            switch (property.Id)
            {
                case PropertyId.PayloadFormatIndicator:
                    into.IsBodyText = property.Number == 1;
                    break;
                case PropertyId.ContentType:
                    into.ContentType = property.Value;
                    break;
                case PropertyId.CorrelationData:
                    into.CorrelationId = property.Value;
                    break;
                case PropertyId.ResponseTopic:
                    ReplyTopics.ReadAddress(property.Value, into);
                    break;
                case PropertyId.UserProperty when !into.TryTakeCarried(TakenBack, property.Name, property.Value):
                    into.AddHeader(property.Name, property.Value);
                    break;
            }
        }
    }
}
