using System.Buffers.Binary;

namespace Posthaste.Protocols.Amqp091.Wire;

/// <summary>What <see cref="FrameScanner.Scan"/> found.</summary>
public enum FrameScanStatus
{
    /// <summary>A whole frame.</summary>
    Complete,

    /// <summary>The beginning of a frame that may be a good one.</summary>
    NeedMore,

    /// <summary>Something that is no frame; the stream cannot be read any further.</summary>
    Error,
}

/// <summary>Cuts a stream of bytes into frames.</summary>
public static class FrameScanner
{
    /// <summary>
    /// Looks at the first frame in the buffer.
    /// </summary>
    /// <remarks>
    /// Type, channel and size are judged from the 7 byte header alone, before the payload has arrived: nobody makes
    /// the server buffer a frame that it will refuse.
    /// </remarks>
    /// <param name="buffer">Bytes from the start of a frame on.</param>
    /// <param name="frameMaxBytes">
    /// The negotiated frame-max. As in RabbitMQ the payload alone may be this long, because some clients forget the
    /// 8 bytes of header and end octet when they split bodies.
    /// </param>
    /// <param name="frame">The frame if it is complete.</param>
    /// <param name="bytes">
    /// Complete: the frame's length. NeedMore: the length the buffer must have before another call can tell more.
    /// </param>
    /// <param name="error">What is wrong if something is.</param>
    public static FrameScanStatus Scan(
        ReadOnlySpan<byte> buffer, int frameMaxBytes, out Frame frame, out int bytes, out WireError error)
    {
        frame = default;
        error = default;
        bytes = Frame.HeaderBytes;
        if (buffer.Length < Frame.HeaderBytes)
            return FrameScanStatus.NeedMore;

        var type = (FrameType)buffer[0];
        var channel = BinaryPrimitives.ReadUInt16BigEndian(buffer[1..]);
        var size = BinaryPrimitives.ReadUInt32BigEndian(buffer[3..]);
        if (IsRefused(type, channel, size, frameMaxBytes, out error))
        {
            bytes = 0;
            return FrameScanStatus.Error;
        }

        bytes = Frame.OverheadBytes + (int)size;
        if (buffer.Length < bytes)
            return FrameScanStatus.NeedMore;

        var end = buffer[bytes - 1];
        if (end != Frame.End)
        {
            bytes = 0;
            error = new WireError(
                ReplyCode.FrameError, $"type {(byte)type}, {size} octets: invalid frame end marker {end}");
            return FrameScanStatus.Error;
        }

        frame = new Frame(type, channel, buffer.Slice(Frame.HeaderBytes, (int)size));
        return FrameScanStatus.Complete;
    }

    private static bool IsRefused(FrameType type, ushort channel, uint size, int frameMaxBytes, out WireError error)
    {
        error = default;
        if (type is not (FrameType.Method or FrameType.Header or FrameType.Body or FrameType.Heartbeat))
            error = new WireError(ReplyCode.FrameError, $"unknown frame type {(byte)type}");
        else if (size > (uint)frameMaxBytes)
            error = new WireError(ReplyCode.FrameError, TooLargeText(type, size, frameMaxBytes));
        else if (type == FrameType.Heartbeat && size != 0)
            error = new WireError(ReplyCode.FrameError, $"a heartbeat frame with a payload of {size} octets");
        else if (type == FrameType.Heartbeat && channel != 0)
            error = new WireError(ReplyCode.UnexpectedFrame, $"a heartbeat frame on channel {channel}");
        else if (type is FrameType.Header or FrameType.Body && channel == 0)
            error = new WireError(ReplyCode.UnexpectedFrame, $"type {(byte)type}, content on channel 0");
        return error.Code != 0;
    }

    private static string TooLargeText(FrameType type, uint size, int frameMaxBytes) =>
        $"type {(byte)type}, frame too large: {size} octets, at most {frameMaxBytes - Frame.OverheadBytes} were agreed";
}
