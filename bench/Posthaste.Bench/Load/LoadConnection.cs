using System.Net;
using System.Net.Sockets;

namespace Posthaste.Bench.Load;

/// <summary>
/// A blocking connection to a broker, of whatever protocol. One thread receives; the same or another one sends.
/// </summary>
internal class LoadConnection : IDisposable
{
    /// <summary>
    /// Every wait for an answer ends after this long: a stuck broker fails the run instead of hanging it.
    /// </summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    private const int ReceiveTimeoutMs = 100;

    /// <summary>Wraps a connected socket.</summary>
    public LoadConnection(Socket socket, int receiveBufferBytes)
    {
        Socket = socket;
        Socket.NoDelay = true;
        Socket.ReceiveTimeout = ReceiveTimeoutMs;
        Input = new ByteReceiver(socket, receiveBufferBytes);
    }

    public Socket Socket { get; }

    /// <summary>What the broker has sent.</summary>
    public ByteReceiver Input { get; }

    /// <summary>Sends all of <paramref name="bytes"/>.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int sent = Socket.Send(bytes, SocketFlags.None, out SocketError error);
            if (error != SocketError.Success)
            {
                throw new ConnectionException($"the connection broke while sending: {error}");
            }

            bytes = bytes[sent..];
        }
    }

    /// <summary>Waits for bytes; throws when the broker stays silent.</summary>
    public void WaitForInput()
    {
        long deadline = Environment.TickCount64 + (long)AnswerTimeout.TotalMilliseconds;
        while (!Input.Receive())
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new ConnectionException($"the broker did not answer within {AnswerTimeout.TotalSeconds} s");
            }
        }
    }

    public void Dispose() => Socket.Dispose();

    /// <summary>Connects, wraps the socket and greets the broker; leaves no socket behind if that fails.</summary>
    /// <param name="endPoint">Where the broker listens.</param>
    /// <param name="source">Source address, for more connections than one address has ports; null for the
    /// default.</param>
    /// <param name="wrap">Makes the connection.</param>
    /// <param name="greet">What the protocol says first.</param>
    protected static T Connect<T>(IPEndPoint endPoint, IPAddress? source, Func<Socket, T> wrap, Action<T> greet)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (source is not null)
            {
                socket.Bind(new IPEndPoint(source, 0));
            }

            socket.Connect(endPoint);
            T connection = wrap(socket);
            greet(connection);
            return connection;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new ConnectionException($"cannot connect to {endPoint}: {e.SocketErrorCode}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
