using System.Net.Sockets;

namespace Posthaste.Bench.Amqp;

/// <summary>
/// Receives from a blocking socket into one buffer and hands out the complete frames in it, without copying. One
/// thread.
/// </summary>
internal sealed class FrameReceiver(Socket socket, int bufferBytes)
{
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(bufferBytes, pinned: true);
    private int _start;
    private int _end;

    /// <summary>Takes the next complete frame that is already in the buffer.</summary>
    public bool TryTake(out Frame frame)
    {
        if (!Frame.TryRead(_buffer.AsSpan(_start, _end - _start), out frame, out int consumed))
        {
            return false;
        }

        _start += consumed;
        return true;
    }

    /// <summary>Waits for bytes, at most the socket's receive timeout; false after the timeout.</summary>
    public bool Receive()
    {
        MakeRoom();
        int received = socket.Receive(_buffer.AsSpan(_end), SocketFlags.None, out SocketError error);
        if (error is SocketError.TimedOut or SocketError.WouldBlock)
        {
            return false;
        }

        if (error != SocketError.Success)
        {
            throw new AmqpException($"the connection broke: {error}");
        }

        if (received == 0)
        {
            throw new AmqpException("the broker ended the connection without a reason");
        }

        _end += received;
        return true;
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        else if (_end == _buffer.Length)
        {
            throw new AmqpException($"a frame exceeds the receive buffer of {_buffer.Length} bytes");
        }
    }
}
