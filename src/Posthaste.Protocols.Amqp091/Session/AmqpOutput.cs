using System.IO.Pipelines;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>The output of a connection, in frames.</summary>
internal sealed class AmqpOutput(PipeWriter pipe, Action onChanged) : SessionOutput(pipe, onChanged)
{
    /// <summary>The negotiated frame-max.</summary>
    public int FrameBytesMax { get; set; } = Frame.MinMaxBytes;

    /// <summary>A method outside any channel state, flushed at once.</summary>
    public void SendNow<TMethod>(ushort channel, in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        lock (Gate)
        {
            WriteMethod(channel, method);
            FlushUnderGate();
        }
    }

    /// <summary>Under the gate: writes a method frame.</summary>
    public void WriteMethod<TMethod>(ushort channel, in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        if (IsDead)
            return;
        var bytes = MethodFrame.GetBytes(method);
        MethodFrame.Write(GetSpan(bytes), channel, method);
        Advance(bytes);
    }

    /// <summary>Under the gate: writes basic.deliver with its content.</summary>
    public void WriteDeliver(
        ushort channel, ReadOnlySpan<byte> consumerTag, ulong tag, bool redelivered, ReadOnlySpan<byte> exchange,
        ReadOnlySpan<byte> routingKey, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body)
    {
        if (IsDead)
            return;
        var bytes = ContentFrames.GetDeliverSize(
            consumerTag.Length, exchange.Length, routingKey.Length, properties.Length, body.Length, FrameBytesMax);
        if (TryGetContiguous(bytes, out var target))
        {
            Advance(ContentFrames.WriteDeliver(
                target, channel, consumerTag, tag, redelivered, exchange, routingKey, properties, body, FrameBytesMax));
            return;
        }

        WriteMethod(channel, new BasicDeliver
        {
            ConsumerTag = consumerTag,
            DeliveryTag = tag,
            Redelivered = redelivered,
            Exchange = exchange,
            RoutingKey = routingKey,
        });
        WriteContent(channel, properties, body);
    }

    /// <summary>Under the gate: writes any other method that a content follows.</summary>
    public void WriteWithContent<TMethod>(
        ushort channel, in TMethod method, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        WriteMethod(channel, method);
        WriteContent(channel, properties, body);
    }

    private void WriteContent(ushort channel, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body)
    {
        if (IsDead)
            return;
        Span<byte> fixedPart = stackalloc byte[Frame.HeaderBytes + ContentHeader.FixedBytes];
        ContentPieces.WriteHeaderStart(fixedPart, channel, properties.Length, body.Length);
        WriteBytes(fixedPart);
        WriteBytes(properties);
        WriteBytes(ContentPieces.FrameEnd);
        var room = FrameBytesMax - Frame.OverheadBytes;
        while (!body.IsEmpty)
        {
            var piece = body[..int.Min(room, body.Length)];
            ContentPieces.WriteBodyStart(fixedPart, channel, piece.Length);
            WriteBytes(fixedPart[..Frame.HeaderBytes]);
            WriteBytes(piece);
            WriteBytes(ContentPieces.FrameEnd);
            body = body[piece.Length..];
        }
    }
}
