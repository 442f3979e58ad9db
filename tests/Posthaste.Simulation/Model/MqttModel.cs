using System.Buffers.Binary;

namespace Posthaste.Simulation.Model;

/// <summary>A message that a client publishes by MQTT.</summary>
internal sealed class MqttMessage(int id, string publisher, int qos, int bodyBytes)
{
    private const int HeaderBytes = 4;

    /// <summary>Ascending in the order of publishing, over all publishers.</summary>
    public int Id => id;

    public string Publisher => publisher;

    /// <summary>1 or 2.</summary>
    public int QoS => qos;

    /// <summary>PUBACK or PUBREC has come: the broker has to have it.</summary>
    public bool IsAcknowledged { get; set; }

    /// <summary>It was sent more than once with QoS 1, so there may be copies of it.</summary>
    public bool IsRepeated { get; set; }

    public byte[] Body()
    {
        var body = new byte[HeaderBytes + bodyBytes];
        BinaryPrimitives.WriteInt32LittleEndian(body, id);
        body.AsSpan(HeaderBytes).Fill((byte)(id * 31));
        return body;
    }

    public static int IdOf(ReadOnlySpan<byte> body) =>
        body.Length < HeaderBytes ? -1 : BinaryPrimitives.ReadInt32LittleEndian(body);

    public override string ToString() => $"message {id} of {publisher}, QoS {qos}";
}

/// <summary>What has been published by MQTT; what came of it its subscribers know.</summary>
internal sealed class MqttModel
{
    private readonly List<MqttMessage> _messages = [];

    public IReadOnlyList<MqttMessage> Messages => _messages;

    public MqttMessage Publish(string publisher, int qos, int bodyBytes)
    {
        var message = new MqttMessage(_messages.Count, publisher, qos, bodyBytes);
        _messages.Add(message);
        return message;
    }

    /// <summary>The message that has this body.</summary>
    public MqttMessage Find(ReadOnlySpan<byte> body, string at)
    {
        var id = MqttMessage.IdOf(body);
        SimulationFailure.Unless(id >= 0 && id < _messages.Count, $"{at}: a message was invented");
        SimulationFailure.Unless(body.SequenceEqual(_messages[id].Body()), $"{at}: {_messages[id]} has another body");
        return _messages[id];
    }
}
