using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Wire;

/// <summary>Writes whole frames around methods, and heartbeats.</summary>
public static class MethodFrame
{
    /// <summary>A heartbeat frame: type 8, channel 0, no payload.</summary>
    public static ReadOnlySpan<byte> Heartbeat => [(byte)FrameType.Heartbeat, 0, 0, 0, 0, 0, 0, Frame.End];

    /// <summary>Bytes of the frame that <see cref="Write"/> writes.</summary>
    public static int GetBytes<TMethod>(in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct =>
        Frame.OverheadBytes + MethodIds.SizeBytes + method.ArgumentBytes;

    /// <summary>Writes the method as one frame and returns its length.</summary>
    /// <param name="destination">At least <see cref="GetBytes"/> bytes long.</param>
    /// <param name="channel">0 for methods of the connection class.</param>
    /// <param name="method">The method; its short strings must not exceed 255 bytes.</param>
    public static int Write<TMethod>(Span<byte> destination, ushort channel, in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        var writer = new WireWriter(destination);
        writer.UInt8((byte)FrameType.Method);
        writer.UInt16(channel);
        writer.UInt32((uint)(MethodIds.SizeBytes + method.ArgumentBytes));
        writer.UInt32((uint)TMethod.Id);
        method.WriteArguments(ref writer);
        writer.UInt8(Frame.End);
        return writer.Written;
    }
}
