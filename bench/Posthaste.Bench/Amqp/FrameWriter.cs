using System.Buffers.Binary;
using System.Text;

namespace Posthaste.Bench.Amqp;

/// <summary>
/// Encodes frames one after the other into a buffer that grows. Not for the hot path, which patches ready-made bytes.
/// </summary>
internal sealed class FrameWriter
{
    private byte[] _buffer = new byte[1024];
    private int _length;
    private int _frameStart;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public int Length => _length;

    public void Clear() => _length = 0;

    public FrameWriter BeginMethod(ushort channel, uint method) => Begin(Frame.MethodType, channel).Long(method);

    public FrameWriter Begin(byte type, ushort channel)
    {
        _frameStart = _length;
        return Octet(type).Short(channel).Long(0);
    }

    /// <summary>Closes the frame begun last: patches its size and adds the end octet.</summary>
    public void EndFrame()
    {
        int size = _length - _frameStart - Frame.PrefixBytes;
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(_frameStart + 3), (uint)size);
        Octet(Frame.End);
    }

    public FrameWriter Octet(byte value)
    {
        Take(1)[0] = value;
        return this;
    }

    public FrameWriter Short(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);
        return this;
    }

    public FrameWriter Long(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);
        return this;
    }

    public FrameWriter LongLong(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Take(8), value);
        return this;
    }

    public FrameWriter ShortString(string value)
    {
        int bytes = Encoding.UTF8.GetByteCount(value);
        Octet(checked((byte)bytes));
        Encoding.UTF8.GetBytes(value, Take(bytes));
        return this;
    }

    public FrameWriter LongString(string value)
    {
        int bytes = Encoding.UTF8.GetByteCount(value);
        Long((uint)bytes);
        Encoding.UTF8.GetBytes(value, Take(bytes));
        return this;
    }

    public FrameWriter Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Take(bytes.Length));
        return this;
    }

    /// <summary>A field table whose values are all long strings.</summary>
    public FrameWriter Table(params ReadOnlySpan<(string Name, string Value)> fields)
    {
        int start = _length;
        Long(0);
        foreach ((string name, string value) in fields)
        {
            ShortString(name).Octet((byte)'S').LongString(value);
        }

        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(start), (uint)(_length - start - 4));
        return this;
    }

    private Span<byte> Take(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + bytes));
        }

        Span<byte> taken = _buffer.AsSpan(_length, bytes);
        _length += bytes;
        return taken;
    }
}
