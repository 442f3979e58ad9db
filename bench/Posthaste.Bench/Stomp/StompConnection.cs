using System.Net;
using System.Net.Sockets;
using System.Text;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Stomp;

/// <summary>A blocking STOMP 1.2 connection as guest on virtual host "/", without heart-beats.</summary>
internal sealed class StompConnection(Socket socket, int receiveBufferBytes)
    : LoadConnection(socket, receiveBufferBytes)
{
    private const int ReceiveBufferBytes = 256 * 1024;

    public static StompConnection Open(IPEndPoint endPoint) => Connect(
        endPoint,
        source: null,
        socket => new StompConnection(socket, ReceiveBufferBytes),
        connection =>
        {
            connection.SendFrame("CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0");
            connection.Expect("CONNECTED"u8);
        });

    /// <summary>Subscribes and waits until the broker has done it.</summary>
    /// <param name="destination">Where from.</param>
    /// <param name="headers">More headers, each with a line feed at its end.</param>
    public void Subscribe(string destination, string headers)
    {
        SendFrame($"SUBSCRIBE\nid:0\ndestination:{destination}\nreceipt:subscribed\n{headers}\n\0");
        Expect("RECEIPT"u8);
    }

    private void SendFrame(string frame) => Send(Encoding.UTF8.GetBytes(frame));

    private void Expect(ReadOnlySpan<byte> command)
    {
        StompFrame frame;
        int consumed;
        while (!StompFrame.TryRead(Input.Unread, out frame, out consumed))
        {
            WaitForInput();
        }

        frame.ThrowIfError();
        if (!frame.Command.SequenceEqual(command))
        {
            throw new ConnectionException($"the broker answered with {Encoding.UTF8.GetString(frame.Command)}");
        }

        Input.Skip(consumed);
    }
}
