using System.Text.Json;
using Posthaste.Client;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Terminal;

namespace Posthaste.Commands;

/// <summary>Prints deliveries: bodies as they are, or one JSON object each.</summary>
internal sealed class MessagePrinter(long countMax, bool isJson) : IAmqpReceiver, IDisposable
{
    private readonly BufferedStream _out = new(Console.OpenStandardOutput());

    public long PrintedCount { get; private set; }

    /// <summary>The delivery printed last; 0 before the first.</summary>
    public ulong LastDeliveryTag { get; private set; }

    public void Flush() => _out.Flush();

    public void Dispose() => _out.Dispose();

    void IAmqpReceiver.Delivered(in ReceivedMessage message)
    {
        // What came beyond the wanted count is left to the queue.
        if (PrintedCount == countMax) return;
        PrintedCount++;
        LastDeliveryTag = message.DeliveryTag;
        if (isJson)
        {
            PrintJson(message);
            return;
        }

        _out.Write(message.Body);
        _out.WriteByte((byte)'\n');
    }

    void IAmqpReceiver.Returned(in ReceivedMessage message) => throw Unasked();

    void IAmqpReceiver.Confirmed(ulong publishNumber, bool multiple, bool isAccepted) => throw Unasked();

    private static AmqpClientException Unasked() => new("the broker answers a publish that was never made");

    private void PrintJson(in ReceivedMessage message)
    {
        using (var writer = new Utf8JsonWriter(_out, JsonOutput.Options))
        {
            writer.WriteStartObject();
            writer.WriteString("exchange", message.Exchange);
            writer.WriteString("routingKey", message.RoutingKey);
            writer.WriteBoolean("redelivered", message.IsRedelivered);
            if (BasicProperties.TryDecode(message.Properties, out var properties))
                MessageJson.WriteProperties(writer, properties);
            MessageJson.WriteBody(writer, message.Body);
            writer.WriteEndObject();
        }

        _out.WriteByte((byte)'\n');
    }
}
