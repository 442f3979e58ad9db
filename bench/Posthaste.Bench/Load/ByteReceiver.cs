using System.Net.Sockets;

namespace Posthaste.Bench.Load;

/// <summary>
/// Receives from a blocking socket into one buffer, from which a protocol takes what is complete, without copying. One
/// thread.
/// </summary>
internal sealed class ByteReceiver(Socket socket, int bufferBytes)
{
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(bufferBytes, pinned: true);
    private int _start;
    private int _end;

    /// <summary>What was received and not yet taken; valid until the next <see cref="Receive"/>.</summary>
    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Takes the first <paramref name="bytes"/> of what is unread.</summary>
    public void Skip(int bytes) => _start += bytes;

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
            throw new ConnectionException($"the connection broke: {error}");
        }

        if (received == 0)
        {
            throw new ConnectionException("the broker ended the connection without a reason");
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
            throw new ConnectionException($"a frame exceeds the receive buffer of {_buffer.Length} bytes");
        }
    }
}
