using System.Buffers;
using System.IO.Pipelines;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>What a connection sends, as MQTT packets. See <see cref="SessionOutput"/> for the rules.</summary>
internal sealed class MqttOutput(PipeWriter pipe, Action onChanged) : SessionOutput(pipe, onChanged)
{
    /// <summary>What the client speaks; known once it has connected.</summary>
    public MqttVersion Version { get; set; } = MqttVersion.V311;

    /// <summary>Under the gate: writes a PUBLISH.</summary>
    public void WritePublish(in PublishHead head, ReadOnlySpan<byte> payload)
    {
        if (IsDead)
            return;
        var headBytes = head.GetBytes(Version);
        if (TryGetContiguous(headBytes + payload.Length, out var target))
        {
            head.Write(target, Version);
            payload.CopyTo(target[headBytes..]);
            Advance(headBytes + payload.Length);
            return;
        }

        var written = ArrayPool<byte>.Shared.Rent(headBytes);
        WriteBytes(written.AsSpan(0, head.Write(written, Version)));
        ArrayPool<byte>.Shared.Return(written);
        WriteBytes(payload);
    }

    /// <summary>
    /// Under the gate: writes PUBACK, PUBREC, PUBREL or PUBCOMP. 3.x clients are not told a reason.
    /// </summary>
    public void WriteAnswer(PacketType type, ushort packetId, ReasonCode code = ReasonCode.Success)
    {
        if (IsDead)
            return;
        if (code == ReasonCode.Success || Version != MqttVersion.V5)
        {
            PublishAnswer.WriteShort(GetSpan(PublishAnswer.ShortBytes), type, packetId);
            Advance(PublishAnswer.ShortBytes);
            return;
        }

        Write(new PublishAnswer { Type = type, PacketId = packetId, Code = code });
    }

    /// <summary>Under the gate: writes any packet.</summary>
    public void Write<TPacket>(in TPacket packet)
        where TPacket : IPacket<TPacket>, allows ref struct
    {
        if (!IsDead)
            WriteBytes(Encode(packet));
    }

    /// <summary>Writes any packet, and flushes.</summary>
    public void SendPacket<TPacket>(in TPacket packet)
        where TPacket : IPacket<TPacket>, allows ref struct =>
        SendNow(Encode(packet));

    /// <summary>A packet's bytes.</summary>
    public byte[] Encode<TPacket>(in TPacket packet)
        where TPacket : IPacket<TPacket>, allows ref struct
    {
        var bytes = new byte[PacketFrame.GetBytes(packet, Version)];
        PacketFrame.Write(bytes, packet, Version);
        return bytes;
    }
}
